/*
 * pipeline/ceiling.c
 *	  How many requests of a session the cluster may have at a time. The rule is
 *	  told in the header.
 *
 * Thread: submitter. Owns nothing.
 * Invariant: without strain, the limit is what is configured.
 */
#include "pipeline/ceiling.h"

#include "cql/invariant.h"

/* Without strain. */
static uint32_t
configured(const Ceiling *c)
{
	return c->fixed ? c->fixed : CEILING_NONE;
}

/* Where strain is over. */
static uint32_t
recovered(const Ceiling *c)
{
	return c->fixed ? c->fixed : CEILING_RECOVERED;
}

static void
lift(Ceiling *c)
{
	c->limit = configured(c);
	c->patience = 0;
}

void
ceiling_init(Ceiling *c, uint32_t max_in_flight)
{
	*c = (Ceiling) {.fixed = max_in_flight};
	lift(c);
}

/* One that strain holds lower stays there. */
void
ceiling_follow(Ceiling *c, uint32_t max_in_flight)
{
	if (c->fixed == max_in_flight)
		return;
	c->fixed = max_in_flight;
	if (c->patience == 0 || c->limit >= recovered(c))
		lift(c);
}

/* What was in flight before the fall fails for some time: one strain, one fall. */
void
ceiling_strain(Ceiling *c, uint32_t strains, uint64_t now)
{
	if (strains == c->strains)
		return;
	c->strains = strains;
	c->quiet = 0;
	if (c->patience > 0 && now - c->strained < CEILING_STRAIN_PAUSE)
		return;
	c->patience = c->patience ? c->patience * 2 : CEILING_PATIENCE;
	if (c->patience > CEILING_PATIENCE_MAX)
		c->patience = CEILING_PATIENCE_MAX;
	c->limit = c->limit > CEILING_STRAINED ? CEILING_STRAINED : 1;
	c->strained = now;
}

void
ceiling_turn(Ceiling *c)
{
	CORE_ASSERT(c->patience > 0 || c->limit == configured(c));
	if (c->patience == 0 || c->quiet < c->patience)
		return;
	c->quiet = 0;
	c->limit += c->limit / 4 > 0 ? c->limit / 4 : 1;
	if (c->limit >= recovered(c))
		lift(c);
}
