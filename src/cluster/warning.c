/*
 * cluster/warning.c
 *	  What a node warns of with an answer.
 *
 * Submitter thread.
 * Owns: nothing; warnings belong to the request that they are made for.
 * Invariants: as many texts as count says stand one behind another, each of them
 * valid UTF-8 and NUL-terminated, and end where size says.
 *
 * Warnings are malloc'd when they come, as failures are. A node that warns does so
 * with each answer of a load: their size is that of the texts, and bounded.
 */
#include "cluster/warning.h"

#include "cluster/failure.h"

#include <stdlib.h>

/* With its NUL. What is no UTF-8 takes no more room as '?'. */
static size_t
size_of(CqlString text)
{
	return text.len < CLUSTER_WARNING_SIZE ? text.len + 1 : CLUSTER_WARNING_SIZE;
}

ClusterWarnings *
cluster_warnings_new(const CqlPrefix *prefix, const char *node)
{
	uint16_t	count = prefix->nwarnings < CLUSTER_WARNINGS_MOST ? prefix->nwarnings : CLUSTER_WARNINGS_MOST;
	CqlReader	r = prefix->warnings;
	size_t		room = sizeof(ClusterWarnings);
	ClusterWarnings *w;
	char	   *at;

	for (uint16_t i = 0; i < count; i++)
		room += size_of(cql_get_string(&r));
	w = malloc(room);
	if (!w)
		return NULL;
	cluster_failure_text(w->node, sizeof(w->node), node, strlen(node));
	w->count = count;
	at = w->text;
	r = prefix->warnings;
	for (uint16_t i = 0; i < count; i++)
	{
		CqlString	text = cql_get_string(&r);

		cluster_failure_text(at, size_of(text), text.data, text.len);
		at += strlen(at) + 1;
	}
	w->size = (uint32_t) (at - (char *) w);
	CORE_ASSERT(!r.failed && w->size <= room);
	return w;
}
