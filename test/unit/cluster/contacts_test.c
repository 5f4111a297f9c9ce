/*
 * cluster/contacts: names of contact points become addresses.
 */
#include "fixture.inc.h"
#include "name_server.inc.h"

#include "cluster/contacts.h"

typedef struct Found
{
	Fixture		f;				/* its loop and configuration */
	ClusterContacts contacts;
	int			resolved;		/* names that were looked up */
	int			n;				/* addresses */
	NetAddress	address[4];
	int			failed;
	char		contact[64];	/* the last one that failed */
	NetFailure	why;
} Found;

static void
on_resolved(void *owner, const NetAddress *address, int n)
{
	Found	   *found = owner;

	found->resolved++;
	for (int i = 0; i < n; i++)
		found->address[found->n++] = address[i];
}

static void
on_failed(void *owner, const char *contact, const NetFailure *why)
{
	Found	   *found = owner;

	found->failed++;
	snprintf(found->contact, sizeof(found->contact), "%s", contact);
	found->why = *why;
}

static const ClusterContactsOps ops = {on_resolved, on_failed};

static void
begin(Found *found)
{
	*found = (Found) {0};
	fixture_init(&found->f);
}

static void
look_up_by(Found *found, uint64_t *random)
{
	assert_true(cluster_contacts_init(&found->contacts, &found->f.config, &ops, found));
	assert_false(cluster_contacts_pending(&found->contacts));
	cluster_contacts_look_up(&found->contacts, random);
	assert_true(cluster_contacts_pending(&found->contacts));
	assert_int_equal(found->resolved, 0);	/* never from inside the call */
}

static void
look_up(Found *found)
{
	look_up_by(found, NULL);
}

static void
end(Found *found)
{
	cluster_contacts_free(&found->contacts);
	for (int i = 0; i < 3; i++)
		uv_run(&found->f.loop, UV_RUN_ONCE);	/* libuv lets go of the handles */
	fixture_end(&found->f);
}

static void
test_a_name_has_all_its_addresses_each_with_the_name(void **state)
{
	Found		found;
	char		text[64];

	addresses[0] = "127.0.0.8";
	addresses[1] = "127.0.0.9";
	begin(&found);
	add_contact(&found.f, "nodes.example", 9042);
	look_up(&found);
	AWAIT(&found.f, found.resolved == 1);
	assert_false(cluster_contacts_pending(&found.contacts));
	assert_int_equal(found.n, 2);
	assert_int_equal(found.failed, 0);
	net_address_format(&found.address[1], text, sizeof(text));
	assert_string_equal(text, "127.0.0.9:9042");
	for (int i = 0; i < 2; i++)
		assert_string_equal(found.address[i].host, "nodes.example");
	end(&found);
}

static void
test_each_contact_point_is_looked_up(void **state)
{
	Found		found;

	begin(&found);
	add_contact(&found.f, "127.0.0.1", 1);
	add_contact(&found.f, "127.0.0.2", 2);
	look_up(&found);
	AWAIT(&found.f, found.resolved == 2);
	assert_int_equal(found.n, 2);
	end(&found);
}

/* The port of the one that is resolved first. */
static int
first_of_three(uint64_t *random)
{
	Found		found;
	char		text[64];

	begin(&found);
	for (int i = 0; i < 3; i++)
		add_contact(&found.f, "127.0.0.1", i);
	look_up_by(&found, random);
	AWAIT(&found.f, found.resolved == 3);
	net_address_format(&found.address[0], text, sizeof(text));
	end(&found);
	return strrchr(text, ':')[1] - '0';
}

static void
test_contact_points_are_looked_up_in_any_order(void **state)
{
	uint64_t	random = 20240229;
	int			first[3] = {0};

	for (int i = 0; i < 90; i++)
	{
		assert_int_equal(first_of_three(NULL), 0);
		first[first_of_three(&random)]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(first[i], 15, 45);
}

static void
test_a_name_that_nobody_knows_fails_with_its_port(void **state)
{
	Found		found;

	begin(&found);
	add_contact(&found.f, "nobody.example", 9042);
	look_up(&found);
	AWAIT(&found.f, found.resolved == 1);
	assert_int_equal(found.n, 0);
	assert_int_equal(found.failed, 1);
	assert_string_equal(found.contact, "nobody.example:9042");
	assert_int_equal(found.why.kind, NET_FAIL_CONNECT);
	end(&found);
}

static void
test_names_that_take_too_long_are_told_of(void **state)
{
	Found		found;

	begin(&found);
	add_contact(&found.f, "127.0.0.1", 9042);
	look_up(&found);
	cluster_contacts_time_out(&found.contacts, "no answer");
	assert_int_equal(found.failed, 1);
	assert_string_equal(found.contact, "127.0.0.1:9042");
	assert_int_equal(found.why.kind, NET_FAIL_TIMEOUT);
	AWAIT(&found.f, found.resolved == 1);
	cluster_contacts_time_out(&found.contacts, "no answer");
	assert_int_equal(found.failed, 1);	/* its answer has come */
	end(&found);
}

static void
test_names_that_are_cancelled_are_not_heard_of(void **state)
{
	Found		found;

	begin(&found);
	add_contact(&found.f, "127.0.0.1", 9042);
	look_up(&found);
	cluster_contacts_cancel(&found.contacts);
	assert_false(cluster_contacts_pending(&found.contacts));
	end(&found);
	assert_int_equal(found.resolved, 0);
	assert_int_equal(found.failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_has_all_its_addresses_each_with_the_name),
		cmocka_unit_test(test_each_contact_point_is_looked_up),
		cmocka_unit_test(test_contact_points_are_looked_up_in_any_order),
		cmocka_unit_test(test_a_name_that_nobody_knows_fails_with_its_port),
		cmocka_unit_test(test_names_that_take_too_long_are_told_of),
		cmocka_unit_test(test_names_that_are_cancelled_are_not_heard_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
