/*
 * failure_test.c
 *	  Why a connection ended: texts that may quote a node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/failure.h"

static void
test_kind_and_message(void **state)
{
	NetFailure	f;

	net_failure_set(&f, NET_FAIL_TIMEOUT, "no %s within %u ms", "connection", 5u);
	assert_int_equal(f.kind, NET_FAIL_TIMEOUT);
	assert_string_equal(f.message, "no connection within 5 ms");
	net_failure_set(&f, NET_FAIL_NONE, "%s", "");
	assert_string_equal(f.message, "");
}

static void
test_messages_stay_valid_text(void **state)
{
	NetFailure	f;
	char		longest[600];

	net_failure_set(&f, NET_FAIL_PROTOCOL, "%s", "a\xff" "b");
	assert_string_equal(f.message, "a?b");
	for (size_t shift = 0; shift < 4; shift++)
	{
		/* four-byte characters, cut at each of their bytes */
		memset(longest, 'x', shift);
		for (size_t i = shift; i + 4 < sizeof(longest); i += 4)
			memcpy(longest + i, "\xf0\x9f\x90\x98\0", 5);
		net_failure_set(&f, NET_FAIL_PROTOCOL, "%s", longest);
		assert_int_equal((strlen(f.message) - shift) % 4, 0);
		assert_true(strlen(f.message) > 250);
		assert_memory_equal(f.message, longest, strlen(f.message));
	}
}

/* What is whole is not cut, and what is cut is not the whole message. */
static void
test_only_the_end_is_cut(void **state)
{
	NetFailure	f;
	char		text[sizeof(f.message) + 8];

	memset(text, 'x', sizeof(text));
	memcpy(text, "\xc3\xa4", 2);
	text[sizeof(f.message) - 1] = '\0';
	net_failure_set(&f, NET_FAIL_CLOSED, "%s", text);
	assert_string_equal(f.message, text);
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "\xc3\xa4", 2);
	memcpy(text + sizeof(f.message) - 2, "\xc3\xa4", 2);
	text[sizeof(text) - 1] = '\0';
	net_failure_set(&f, NET_FAIL_CLOSED, "%s", text);
	assert_int_equal(strlen(f.message), sizeof(f.message) - 2);
	assert_memory_equal(f.message, text, strlen(f.message));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kind_and_message),
		cmocka_unit_test(test_messages_stay_valid_text),
		cmocka_unit_test(test_only_the_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
