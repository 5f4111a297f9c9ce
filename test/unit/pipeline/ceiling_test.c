/*
 * pipeline/ceiling: as configured, lower while writes fail on replicas.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pipeline/ceiling.h"

/* Answers until it grows by one step; how many that took. */
static uint32_t
await_step(Ceiling *c)
{
	uint32_t	limit = c->limit;
	uint32_t	n = 0;

	while (c->limit == limit)
	{
		ceiling_note(c);
		ceiling_turn(c);
		n++;
	}
	assert_true(c->limit > limit);
	return n;
}

static void
test_without_strain_it_never_moves(void **state)
{
	static const uint32_t fixed[] = {0, 1, 7, 32000};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
	{
		Ceiling		c;

		ceiling_init(&c, fixed[i]);
		for (uint32_t n = 0; n < 100000; n++)
		{
			ceiling_note(&c);
			ceiling_turn(&c);
		}
		assert_int_equal(c.limit, fixed[i] ? fixed[i] : CEILING_NONE);
	}
}

static void
test_strain_falls_at_once_and_grows_slowly(void **state)
{
	Ceiling		c;
	uint32_t	steps = 0;

	ceiling_init(&c, 0);
	ceiling_strain(&c, 0, 0);
	assert_int_equal(c.limit, CEILING_NONE);
	ceiling_strain(&c, 1, 0);
	assert_int_equal(c.limit, CEILING_STRAINED);

	/* what was in flight fails as well */
	ceiling_strain(&c, 100, CEILING_STRAIN_PAUSE - 1);
	assert_int_equal(c.limit, CEILING_STRAINED);
	assert_int_equal(await_step(&c), CEILING_PATIENCE);
	assert_int_equal(c.limit, CEILING_STRAINED + 1);
	for (; c.limit < CEILING_RECOVERED; steps++)
		await_step(&c);
	assert_in_range(steps, 10, 25);
	assert_int_equal(c.limit, CEILING_NONE);
}

static void
test_strain_that_comes_again_is_awaited_longer(void **state)
{
	Ceiling		c;
	uint64_t	now = 0;
	uint32_t	patience = CEILING_PATIENCE;

	ceiling_init(&c, 0);
	for (uint32_t strains = 1; strains <= 20; strains++)
	{
		ceiling_strain(&c, strains, now);
		assert_int_equal(c.limit, strains > 1 && strains % 2 == 0 ? 1 : CEILING_STRAINED);
		assert_int_equal(await_step(&c), patience);
		patience = patience * 2 < CEILING_PATIENCE_MAX ? patience * 2 : CEILING_PATIENCE_MAX;
		if (strains % 2 == 0)
			await_step(&c);		/* to 3: the next one falls from there */
		else
			c.limit = CEILING_STRAINED; /* the next one meets it there */
		now += CEILING_STRAIN_PAUSE;
	}
}

/* What is configured is what it may be at most. */
static void
test_strain_below_a_fixed_limit(void **state)
{
	Ceiling		c;

	ceiling_init(&c, 4);
	ceiling_strain(&c, 1, 0);
	assert_int_equal(c.limit, CEILING_STRAINED);
	await_step(&c);
	await_step(&c);
	assert_int_equal(c.limit, 4);
	ceiling_note(&c);
	ceiling_turn(&c);
	assert_int_equal(c.limit, 4);
	ceiling_init(&c, 1);
	ceiling_strain(&c, 1, 0);
	assert_int_equal(c.limit, 1);
}

static void
test_follows_a_change(void **state)
{
	Ceiling		c;

	ceiling_init(&c, 0);
	ceiling_follow(&c, 0);
	assert_int_equal(c.limit, CEILING_NONE);
	ceiling_follow(&c, 7);
	assert_int_equal(c.limit, 7);
	ceiling_follow(&c, 0);
	assert_int_equal(c.limit, CEILING_NONE);

	/* strain is not forgotten for it */
	ceiling_strain(&c, 1, 0);
	ceiling_follow(&c, 7);
	assert_int_equal(c.limit, CEILING_STRAINED);
	ceiling_follow(&c, 1);
	assert_int_equal(c.limit, 1);
	ceiling_follow(&c, 0);
	assert_int_equal(c.limit, CEILING_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_strain_it_never_moves),
		cmocka_unit_test(test_strain_falls_at_once_and_grows_slowly),
		cmocka_unit_test(test_strain_that_comes_again_is_awaited_longer),
		cmocka_unit_test(test_strain_below_a_fixed_limit),
		cmocka_unit_test(test_follows_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
