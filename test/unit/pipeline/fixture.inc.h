/*
 * A client on the fake cluster, and rows to write.
 */
#ifndef FIXTURE_INC_H
#define FIXTURE_INC_H

#include "fake_cluster.inc.h"

#include "wait.inc.h"

#include "pipeline/submitter.h"

#include <stdio.h>
#include <unistd.h>

static const RequestTemplate fixture_template = {
	.statement = 1, .timeout_ms = 60000, .kind = CLUSTER_EXECUTE, .consistency = CQL_ONE, .idempotent = true
};

static inline Client *
open_client(uint32_t max_in_flight)
{
	ClusterContact contact = {"node", 9042};
	ClusterConfig config = {.contact = &contact, .ncontacts = 1, .max_in_flight = max_in_flight};
	char		error[128] = "";
	Client	   *c = client_open(&config, error, sizeof(error));

	if (!c)
		fail_msg("client_open: %s", error);
	return c;
}

static inline void
close_client(Client *c)
{
	assert_true(client_close(c, CLOSE_MS));
	assert_int_equal(fake_log.broken_rules, 0);
	assert_int_equal(fake_log.taken, fake_log.completed);
}

static inline void
write_row(Pipeline *p, const RequestTemplate *t, uint64_t ordinal)
{
	CqlBuffer  *b = pipeline_begin(p);

	assert_non_null(b);
	cql_put_u64(b, ordinal);
	assert_non_null(pipeline_commit(p, t, NULL, ordinal));
}

/* As the executor writes rows: drain, never over the limit. */
static inline void
write_rows(Client *c, Pipeline *p, const RequestTemplate *t, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
	{
		while (pipeline_full(p))
			await_done(c, 1);
		write_row(p, t, i);
		client_drain(c);
	}
}

/* Look at each done request: how many failed. Every ordinal below n may come once. */
static inline uint32_t
collect(Pipeline *p, uint8_t *seen, uint64_t n)
{
	uint32_t	failed = 0;
	Request    *r;

	while ((r = pipeline_next_done(p)))
	{
		assert_true(r->ordinal < n);
		assert_int_equal(seen[r->ordinal]++, 0);
		failed += r->core.failed;
		if (!r->core.failed && r->core.body)
		{
			assert_int_equal(r->core.body_length, 8);
			assert_int_equal(cql_load_u64(r->core.body), r->ordinal);
		}
		pipeline_release(p, r);
	}
	return failed;
}

/* Pages this process has in memory. */
static inline long
resident_pages(void)
{
	long		size = 0;
	long		resident = 0;
	FILE	   *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &resident), 2);
	fclose(f);
	return resident;
}

static inline int
reset_fake(void **state)
{
	fake_reset();
	return 0;
}

#define PIPELINE_TEST(name) cmocka_unit_test_setup(name, reset_fake)

#endif							/* FIXTURE_INC_H */
