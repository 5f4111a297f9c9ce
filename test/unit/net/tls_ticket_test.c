/*
 * tls_ticket: each session is handed out once, and there are not too many of them.
 */
#include "net/tls_ticket.h"

#include "net/certificate.h"

static NetAddress
address_of(int port, const char *host)
{
	NetAddress	address = {.host = host};

	assert_int_equal(uv_ip4_addr("127.0.0.1", port, (struct sockaddr_in *) &address.storage), 0);
	return address;
}

static void
test_the_newest_comes_first_and_once(void **state)
{
	NetTickets *t = calloc(1, sizeof(*t));
	NetAddress	here = address_of(1, NULL);
	SSL_SESSION *old = SSL_SESSION_new();
	SSL_SESSION *new = SSL_SESSION_new();
	bool		asked;

	net_tickets_keep(t, &here, old, false);
	net_tickets_keep(t, &here, new, true);
	assert_ptr_equal(net_tickets_take(t, &here, &asked), new);
	assert_true(asked);
	assert_ptr_equal(net_tickets_take(t, &here, &asked), old);
	assert_false(asked);
	assert_null(net_tickets_take(t, &here, &asked));
	SSL_SESSION_free(old);
	SSL_SESSION_free(new);
	free(t);
}

static void
test_a_session_is_of_one_node_and_name(void **state)
{
	NetTickets *t = calloc(1, sizeof(*t));
	NetAddress	here = address_of(1, "node");
	NetAddress	elsewhere = address_of(2, "node");
	NetAddress	other_name = address_of(1, "other");
	NetAddress	nameless = address_of(1, NULL);
	bool		asked;

	net_tickets_keep(t, &here, SSL_SESSION_new(), false);
	assert_null(net_tickets_take(t, &elsewhere, &asked));
	assert_null(net_tickets_take(t, &other_name, &asked));
	assert_null(net_tickets_take(t, &nameless, &asked));
	net_tickets_forget(t);
	assert_null(net_tickets_take(t, &here, &asked));
	free(t);
}

static void
test_there_are_not_too_many(void **state)
{
	NetTickets *t = calloc(1, sizeof(*t));
	NetAddress	here = address_of(1, NULL);
	SSL_SESSION *first = SSL_SESSION_new();

	assert_int_equal(SSL_SESSION_up_ref(first), 1);
	net_tickets_keep(t, &here, first, false);
	for (int i = 0; i < NET_TICKETS_OF_NODE; i++)
		net_tickets_keep(t, &here, SSL_SESSION_new(), false);
	assert_int_equal(t->n, NET_TICKETS_OF_NODE);
	for (int i = 0; i < t->n; i++)
		assert_ptr_not_equal(t->ticket[i].session, first);
	for (int port = 2; port < 2 + NET_TICKETS_MAX; port++)
	{
		NetAddress	other = address_of(port, NULL);

		net_tickets_keep(t, &other, SSL_SESSION_new(), false);
	}
	assert_int_equal(t->n, NET_TICKETS_MAX);
	net_tickets_forget(t);
	assert_int_equal(t->n, 0);
	SSL_SESSION_free(first);
	free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_comes_first_and_once),
		cmocka_unit_test(test_a_session_is_of_one_node_and_name),
		cmocka_unit_test(test_there_are_not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
