/*
 * cluster/changes.c
 *	  Which parts of the schema have changed, as nodes tell by their events.
 *
 * Submitter thread only. Owns nothing.
 * Invariants: no keyspace and table are in the list twice; what is not in it, though
 * it has changed, has a version up to lost.
 *
 * Of what changes again and again the last time is all that matters. So the list is
 * long enough for all tables of most clusters, and a thousand changes of one table push
 * nothing out. If it is full, the one that has not changed for longest goes.
 *
 * A type may be used by any table of its keyspace, and so may functions.
 */
#include "cluster/changes.h"

#include "cql/changes.h"
#include "cql/invariant.h"

void
cluster_changes_add_unknown(ClusterChanges *c)
{
	c->lost = ++c->version;
	c->n = 0;
}

static bool
fits(CqlString name)
{
	return name.len < CLUSTER_CHANGE_NAME && (name.len == 0 || !memchr(name.data, 0, name.len));
}

static bool
is_of(CqlString target, const char *const *names)
{
	for (; *names; names++)
	{
		if (cql_string_equal(target, *names))
			return true;
	}
	return false;
}

/* The place of these, or a new one. */
static uint32_t
place_for(ClusterChanges *c, CqlString keyspace, CqlString table)
{
	uint32_t	oldest = 0;

	for (uint32_t i = 0; i < c->n; i++)
	{
		if (cql_string_equal(keyspace, c->list[i].keyspace) && cql_string_equal(table, c->list[i].table))
			return i;
		if (c->list[i].version < c->list[oldest].version)
			oldest = i;
	}
	if (c->n < CLUSTER_CHANGES_KEPT)
		return c->n++;
	c->lost = c->list[oldest].version;
	return oldest;
}

static void
copy_name(char *to, CqlString name)
{
	if (name.len > 0)
		memcpy(to, name.data, name.len);
	to[name.len] = '\0';
}

void
cluster_changes_add(ClusterChanges *c, const CqlEvent *event)
{
	static const char *const of_keyspaces[] = {"KEYSPACE", "TYPE", "FUNCTION", "AGGREGATE", NULL};
	static const char *const of_tables[] = {"TABLE", NULL};
	CqlString	table = is_of(event->target, of_tables) ? event->name : (CqlString) {NULL, 0};
	uint32_t	i;

	if (!is_of(event->target, of_keyspaces) && table.len == 0)
		cluster_changes_add_unknown(c);
	else if (!fits(event->keyspace) || !fits(table))
		cluster_changes_add_unknown(c);
	else
	{
		i = place_for(c, event->keyspace, table);
		CORE_ASSERT(c->version >= c->lost);
		c->list[i].version = ++c->version;
		copy_name(c->list[i].keyspace, event->keyspace);
		copy_name(c->list[i].table, table);
	}
}

void
cluster_changes_answer(const ClusterChanges *c, ClusterRequest *request)
{
	CqlBuffer	body = {0};

	cql_changes_put(&body, c->version, c->lost, c->n);
	for (uint32_t i = 0; i < c->n; i++)
		cql_changes_put_one(&body, &(CqlChange) {c->list[i].version, c->list[i].keyspace, c->list[i].table});
	request->failed = body.failed;
	request->failure = NULL;	/* failed without one: out of memory */
	if (request->failed)
		cql_buffer_free(&body);
	request->body = body.data;
	request->body_length = (uint32_t) body.len;
}
