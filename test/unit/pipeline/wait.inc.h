/*
 * A pipeline of any client, and the one way to wait: a wake-up that does not come
 * fails the test. Behind cmocka.h.
 */
#ifndef WAIT_INC_H
#define WAIT_INC_H

#include "pipeline/client.h"

#include <poll.h>

#define WAKE_UP_MS 20000
#define CLOSE_MS 10000

static inline Pipeline *
open_pipeline(Client *c, uint32_t requests, size_t bytes)
{
	PipelineLimit limit = {requests, bytes};
	Pipeline   *p = pipeline_open(c, PIPELINE_ORDERED, &limit);

	assert_non_null(p);
	return p;
}

/* Wait for want completions of the client; returns how many came. */
static inline uint32_t
await_done(Client *c, uint32_t want)
{
	struct pollfd fd = {.fd = client_wait_fd(c), .events = POLLIN};

	if (client_sleep(c, want))
	{
		if (poll(&fd, 1, WAKE_UP_MS) != 1)
			fail_msg("no wake-up within %d ms", WAKE_UP_MS);
		client_awake(c);
	}
	return client_drain(c);
}

static inline void
await_all(Client *c, Pipeline *p)
{
	pipeline_submit(p);
	while (pipeline_outstanding(p) > 0)
		await_done(c, pipeline_outstanding(p));
}

static inline void
release_done(Pipeline *p)
{
	Request    *r;

	while ((r = pipeline_next_done(p)))
		pipeline_release(p, r);
}

#endif							/* WAIT_INC_H */
