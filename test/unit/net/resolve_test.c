/*
 * resolve_test.c
 *	  Resolution with a name server of our own: this file's getaddrinfo takes the
 *	  place of the C library's, and can be told to stay silent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "net/resolve.h"

/* ---- the name server ---- */

static struct
{
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool		silent;			/* getaddrinfo does not return */
	int			asked;			/* calls so far */
	int			inside;			/* calls that did not return yet */
	bool		signals_blocked;	/* of the last caller */
	char		host[256];
}			names = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct addrinfo *
new_info(const char *ip, struct addrinfo *next)
{
	struct addrinfo *info = calloc(1, sizeof(*info));
	struct sockaddr_storage *storage = calloc(1, sizeof(*storage));
	bool		four = strchr(ip, ':') == NULL;

	if (!info || !storage)
		abort();				/* not the test's thread: no assertion */
	if (four)
		uv_ip4_addr(ip, 0, (struct sockaddr_in *) storage);
	else
		uv_ip6_addr(ip, 0, (struct sockaddr_in6 *) storage);
	info->ai_family = storage->ss_family;
	info->ai_addr = (struct sockaddr *) storage;
	info->ai_addrlen = four ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	info->ai_next = next;
	return info;
}

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	sigset_t	mask;
	bool		known = strcmp(host, "three.example") == 0;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	pthread_mutex_lock(&names.lock);
	names.signals_blocked = sigismember(&mask, SIGINT) && sigismember(&mask, SIGTERM)
		&& sigismember(&mask, SIGUSR1);
	snprintf(names.host, sizeof(names.host), "%s", host);
	names.asked++;
	names.inside++;
	pthread_cond_broadcast(&names.changed);
	while (names.silent)
		pthread_cond_wait(&names.changed, &names.lock);
	names.inside--;
	pthread_cond_broadcast(&names.changed);
	pthread_mutex_unlock(&names.lock);
	if (!known)
		return EAI_NONAME;
	/* one of them twice, as a resolver may answer */
	*out = new_info("10.0.0.1", new_info("::2", new_info("10.0.0.1", new_info("10.0.0.3", NULL))));
	return 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
	while (list)
	{
		struct addrinfo *next = list->ai_next;

		free(list->ai_addr);
		free(list);
		list = next;
	}
}

static void
set_silent(bool silent)
{
	pthread_mutex_lock(&names.lock);
	names.silent = silent;
	pthread_cond_broadcast(&names.changed);
	pthread_mutex_unlock(&names.lock);
}

static void
await_inside(int n)
{
	pthread_mutex_lock(&names.lock);
	while (names.inside != n)
		pthread_cond_wait(&names.changed, &names.lock);
	pthread_mutex_unlock(&names.lock);
}

static int
asked(void)
{
	int			n;

	pthread_mutex_lock(&names.lock);
	n = names.asked;
	pthread_mutex_unlock(&names.lock);
	return n;
}

/* ---- the caller ---- */

typedef struct Result
{
	int			calls;
	int			status;
	int			n;
	char		address[8][64];
	const char *host[8];
	NetResolve *cancel;			/* from inside the callback */
} Result;

static void
on_resolved(void *owner, int status, const NetAddress *address, int n)
{
	Result	   *result = owner;

	result->calls++;
	result->status = status;
	result->n = n;
	for (int i = 0; i < n && i < 8; i++)
	{
		net_address_format(&address[i], result->address[i], sizeof(result->address[i]));
		result->host[i] = address[i].host;
	}
	if (result->cancel)
		net_resolve_cancel(result->cancel);
}

/* Runs until no handle is left, so the callback has come or never will. */
static Result
resolve(const char *host)
{
	uv_loop_t	loop;
	Result		result = {0};

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_non_null(net_resolve(&loop, host, 9042, on_resolved, &result));
	assert_int_equal(result.calls, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(result.calls, 1);
	assert_int_equal(uv_loop_close(&loop), 0);
	return result;
}

static void
test_literals_start_no_thread(void **state)
{
	int			before = asked();
	Result		four = resolve("192.0.2.7");
	Result		six = resolve("2001:db8::7");

	assert_int_equal(four.status, 0);
	assert_int_equal(four.n, 1);
	assert_string_equal(four.address[0], "192.0.2.7:9042");
	assert_int_equal(six.status, 0);
	assert_string_equal(six.address[0], "[2001:db8::7]:9042");
	assert_int_equal(asked(), before);
}

static void
test_all_addresses_once_each(void **state)
{
	Result		result = resolve("three.example");

	assert_int_equal(result.status, 0);
	assert_int_equal(result.n, 3);
	assert_string_equal(result.address[0], "10.0.0.1:9042");
	assert_string_equal(result.address[1], "[::2]:9042");
	assert_string_equal(result.address[2], "10.0.0.3:9042");
	assert_string_equal(names.host, "three.example");
	assert_true(names.signals_blocked);
}

/* What was given, as it was given: a certificate is of a name, not of an address. */
static void
test_the_name_goes_with_its_addresses(void **state)
{
	static const char name[] = "three.example";
	static const char literal[] = "2001:DB8::0007";
	Result		result = resolve(name);

	assert_int_equal(result.n, 3);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(result.host[i], name);
	assert_ptr_equal(resolve(literal).host[0], literal);
}

static void
test_caller_keeps_its_signals(void **state)
{
	sigset_t	mask;

	resolve("three.example");
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_false(sigismember(&mask, SIGINT));
	assert_false(sigismember(&mask, SIGTERM));
}

static void
test_unknown_name(void **state)
{
	Result		result = resolve("nowhere.example");

	assert_int_equal(result.status, EAI_NONAME);
	assert_int_equal(result.n, 0);
}

/* The loop is gone before the name server answers; the thread then finds nobody. */
static void
test_cancel_waits_for_nobody(void **state)
{
	uv_loop_t	loop;
	Result		result = {0};
	NetResolve *r;

	set_silent(true);
	assert_int_equal(uv_loop_init(&loop), 0);
	r = net_resolve(&loop, "three.example", 9042, on_resolved, &result);
	assert_non_null(r);
	await_inside(1);
	net_resolve_cancel(r);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);

	set_silent(false);
	await_inside(0);
	assert_int_equal(result.calls, 0);
}

static void
test_cancel_after_the_answer_and_before_the_loop(void **state)
{
	uv_loop_t	loop;
	Result		result = {0};
	NetResolve *r;

	assert_int_equal(uv_loop_init(&loop), 0);
	r = net_resolve(&loop, "192.0.2.7", 9042, on_resolved, &result);
	net_resolve_cancel(r);
	net_resolve_cancel(r);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(result.calls, 0);
}

static void
test_cancel_inside_the_callback(void **state)
{
	uv_loop_t	loop;
	Result		result = {0};

	assert_int_equal(uv_loop_init(&loop), 0);
	result.cancel = net_resolve(&loop, "three.example", 9042, on_resolved, &result);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(result.calls, 1);
}

/* Answers and cancellations meet in every order. */
static void
test_cancel_races_with_answers(void **state)
{
	uv_loop_t	loop;
	Result		result[64];
	NetResolve *r[64];

	memset(result, 0, sizeof(result));
	assert_int_equal(uv_loop_init(&loop), 0);
	for (int i = 0; i < 64; i++)
	{
		r[i] = net_resolve(&loop, "three.example", 9042, on_resolved, &result[i]);
		assert_non_null(r[i]);
	}
	for (int i = 0; i < 64; i += 2)
		net_resolve_cancel(r[i]);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(result[i].calls, i % 2);
	await_inside(0);
}

static void
test_addresses(void **state)
{
	static const uint8_t four[] = {10, 0, 0, 1};
	static const uint8_t six[16] = {[15] = 1};
	NetAddress	a;
	NetAddress	b;
	char		text[64];
	char		little[6];

	assert_true(net_address_from_bytes(four, 4, 9042, &a));
	net_address_format(&a, text, sizeof(text));
	assert_string_equal(text, "10.0.0.1:9042");
	net_address_format(&a, little, sizeof(little));
	assert_string_equal(little, "10.0.");
	assert_true(net_address_equal(&a, &a));
	assert_true(net_address_from_bytes(four, 4, 9043, &b));
	assert_false(net_address_equal(&a, &b));

	assert_true(net_address_from_bytes(six, 16, 9042, &b));
	net_address_format(&b, text, sizeof(text));
	assert_string_equal(text, "[::1]:9042");
	assert_true(net_address_equal(&b, &b));
	assert_false(net_address_equal(&a, &b));
	assert_false(net_address_from_bytes(six, 5, 9042, &b));
	assert_false(net_address_from_bytes(NULL, -1, 9042, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals_start_no_thread),
		cmocka_unit_test(test_all_addresses_once_each),
		cmocka_unit_test(test_the_name_goes_with_its_addresses),
		cmocka_unit_test(test_caller_keeps_its_signals),
		cmocka_unit_test(test_unknown_name),
		cmocka_unit_test(test_cancel_waits_for_nobody),
		cmocka_unit_test(test_cancel_after_the_answer_and_before_the_loop),
		cmocka_unit_test(test_cancel_inside_the_callback),
		cmocka_unit_test(test_cancel_races_with_answers),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
