/*
 * tls_name: a certificate is of a host or not, as libpq decides it.
 */
#include "net/tls_name.h"

#include "net/certificate.h"

typedef struct Case
{
	const char *common_name;
	const char *alternatives;
	const char *host;
	bool		matches;
} Case;

static const Case cases[] = {
	/* names */
	{"other", "DNS:node.example.com", "node.example.com", true},
	{"other", "DNS:node.example.com", "NODE.Example.COM", true},
	{"other", "DNS:node.example.com", "example.com", false},
	{"other", "DNS:a,DNS:b,DNS:c", "c", true},
	{"other", "DNS:a,DNS:b,DNS:c", "d", false},
	/* the common name counts where no alternative is of the host's kind */
	{"node.example.com", NULL, "node.example.com", true},
	{"node.example.com", "DNS:other", "node.example.com", false},
	{"node.example.com", "IP:10.0.0.1", "node.example.com", true},
	{"127.0.0.1", "DNS:other", "127.0.0.1", true},
	{"127.0.0.1", "IP:10.0.0.1", "127.0.0.1", false},
	{"node", NULL, "other", false},
	/* wildcards: one label, in front */
	{"other", "DNS:*.example.com", "a.example.com", true},
	{"other", "DNS:*.example.com", "A.EXAMPLE.com", true},
	{"other", "DNS:*.example.com", "a.b.example.com", false},
	{"other", "DNS:*.example.com", "example.com", false},
	{"other", "DNS:*.example.com", ".example.com", false},
	{"other", "DNS:a*.example.com", "ab.example.com", false},
	{"other", "DNS:a.*.com", "a.b.com", false},
	{"other", "DNS:*", "a", false},
	{"other", "DNS:*.", "a.", false},
	{"*.example.com", NULL, "a.example.com", true},
	{"other", "DNS:*.0.0.1", "127.0.0.1", false},
	/* addresses */
	{"other", "IP:127.0.0.1", "127.0.0.1", true},
	{"other", "IP:127.0.0.1", "127.1", true},
	{"other", "IP:127.0.0.1", "127.0.0.2", false},
	{"other", "IP:::1", "::1", true},
	{"other", "IP:::1", "0:0:0:0:0:0:0:1", true},
	{"other", "IP:::1", "127.0.0.1", false},
	{"other", "DNS:127.0.0.1", "127.0.0.1", true},
	{"other", "DNS:a,IP:10.0.0.1,IP:10.0.0.2", "10.0.0.2", true},
	/* neither */
	{"other", "email:node@example.com", "node@example.com", false},
	{"node", "URI:http://other", "node", true},
};

static void
test_names_and_hosts(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Certificate made = make_certificate(NULL, (Wanted) {.common_name = cases[i].common_name, .alternatives = cases[i].alternatives});

		if (net_tls_name_matches(made.x509, cases[i].host) != cases[i].matches)
			fail_msg("CN %s, %s: host %s", cases[i].common_name, cases[i].alternatives ? cases[i].alternatives : "no more",
					 cases[i].host);
		free_certificate(&made);
	}
}

/* What a certificate says to be, by its bytes. */
static Certificate
make_odd(const char *name, int length, int kind)
{
	Certificate made = make_certificate(NULL, (Wanted) {.common_name = "node"});
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *one = GENERAL_NAME_new();
	ASN1_STRING *text = kind == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();

	ASN1_STRING_set(text, name, length);
	GENERAL_NAME_set0_value(one, kind, text);
	sk_GENERAL_NAME_push(names, one);
	assert_int_equal(X509_add1_ext_i2d(made.x509, NID_subject_alt_name, names, 0, 0), 1);
	GENERAL_NAMES_free(names);
	return made;
}

static void
test_what_makes_no_sense_is_of_no_host(void **state)
{
	Certificate made = make_odd("node\0.evil", 10, GEN_DNS);

	assert_false(net_tls_name_matches(made.x509, "node"));
	free_certificate(&made);
	made = make_odd("12345", 5, GEN_IPADD);
	assert_false(net_tls_name_matches(made.x509, "node"));
	assert_false(net_tls_name_matches(made.x509, "49.50.51.52"));
	free_certificate(&made);
}

static void
expect_names(const char *alternatives, const char *host, const char *expected)
{
	Certificate made = make_certificate(NULL, (Wanted) {.common_name = "common", .alternatives = alternatives});
	char		text[64];

	net_tls_names(made.x509, host, text, sizeof(text));
	assert_string_equal(text, expected);
	free_certificate(&made);
}

static void
test_names_for_a_message(void **state)
{
	expect_names(NULL, "x", "\"common\"");
	expect_names("DNS:a", "x", "\"a\"");
	expect_names("DNS:a", "10.0.0.1", "\"a\", \"common\"");
	expect_names("IP:10.0.0.1,DNS:b,IP:::1", "x", "\"b\", \"10.0.0.1\", \"::1\"");
	expect_names("DNS:a,DNS:b,DNS:c,IP:10.0.0.1", "10.0.0.2", "\"10.0.0.1\", \"a\", \"b\" and 1 more");
	expect_names("DNS:a,DNS:b,DNS:c,DNS:d,DNS:e", "a", "\"a\", \"b\", \"c\" and 2 more");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_hosts),
		cmocka_unit_test(test_what_makes_no_sense_is_of_no_host),
		cmocka_unit_test(test_names_for_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
