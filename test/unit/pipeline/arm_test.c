/* pipeline/client: several who wait for the same client at the same time. */
#include "fixture.inc.h"

/* Two wait for the same client, each on a descriptor of its own. */
static void
test_several_wait(void **state)
{
	Client	   *c;
	Pipeline   *p;
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};

	fake_plan.hold = true;
	c = open_client(100);
	p = open_pipeline(c, 0, 0);
	for (int i = 0; i < 2; i++)
		fds[i].fd = dup(client_wait_fd(c));
	for (uint64_t i = 0; i < 3; i++)
		write_row(p, &fixture_template, i);
	pipeline_submit(p);

	/* both are woken, though the first drains what the second waits for */
	client_arm(c, false);
	assert_int_equal(poll(fds, 2, 0), 0);
	fake_release(1);
	assert_int_equal(poll(&fds[0], 1, WAKE_UP_MS), 1);
	assert_int_equal(client_drain(c), 1);
	client_arm(c, false);
	assert_int_equal(poll(fds, 2, 0), 2);
	client_awake(c);
	assert_int_equal(poll(fds, 2, 0), 0);

	/* one that is ready, and one that came home before the wait began */
	client_arm(c, false);
	client_arm(c, true);
	assert_int_equal(poll(fds, 2, 0), 2);
	client_awake(c);
	fake_release(1);
	fake_await(&fake_log.completed, 2);
	while (client_sleep(c, 1))
		sched_yield();
	client_awake(c);
	client_arm(c, false);
	assert_int_equal(poll(fds, 2, 0), 2);
	client_awake(c);
	assert_int_equal(client_drain(c), 1);

	fake_release(1);
	await_all(c, p);
	release_done(p);
	for (int i = 0; i < 2; i++)
		close(fds[i].fd);
	pipeline_close(p);
	close_client(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PIPELINE_TEST(test_several_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
