/*
 * test/node/strong.c
 *	  Strongly consistent keyspaces of ScyllaDB: what they refuse, and what they do without.
 *
 * Thread: the node's. Owns: nothing.
 * Invariant: a statement of such a keyspace is of one partition.
 *
 * Held to these sources of ScyllaDB:
 *	 refused when prepared     cql3/statements/modification_statement.cc, raw::modification_statement::prepare
 *	 levels, one partition     cql3/statements/strong_consistency/select_statement.cc, modification_statement.cc
 *	 batches                   cql3/statements/strong_consistency/batch_statement.cc
 *	 timestamps, conditions    strong_consistency/modification_statement.cc, get_mutation: the leader's time, and no condition
 *	                           is looked at
 */
#include "internal.h"

bool
node_is_strong(const NodeTable *t)
{
	return t->home != NULL && t->home->consistency != NULL && strcmp(t->home->consistency, "eventual") != 0;
}

bool
node_strong_prepare(Node *node, const NodeStatement *s)
{
	return !node_is_strong(s->table) || !s->timestamp.given ||
		node_fail(node, CQL_ERR_INVALID, "Strongly consistent queries don't support user-provided timestamps");
}

static bool
check_level(NodeCall *call, const NodeStatement *s)
{
	bool		quorum = call->consistency == CQL_QUORUM || call->consistency == CQL_LOCAL_QUORUM;

	if (s->kind != STATEMENT_SELECT)
		return quorum || node_fail(call->node, CQL_ERR_INVALID,
								   "Strongly consistent writes must use QUORUM/LOCAL_QUORUM consistency level");
	return quorum || call->consistency == CQL_ONE || call->consistency == CQL_LOCAL_ONE ||
		node_fail(call->node, CQL_ERR_INVALID,
				  "Strongly consistent reads must use QUORUM/LOCAL_QUORUM or ONE/LOCAL_ONE consistency level");
}

bool
node_strong_check(NodeCall *call, const NodeStatement *s)
{
	if (!node_is_strong(s->table) || s->kind == STATEMENT_TRUNCATE)
		return true;
	if (call->frame->opcode != CQL_OP_BATCH && !check_level(call, s))
		return false;
	return s->key != NULL || node_fail(call->node, CQL_ERR_INVALID,
									   "Strongly consistent queries can only target a single partition");
}

/* Tokens stand for partitions. */
bool
node_strong_batch(NodeCall *call, int64_t first, int64_t token)
{
	return !node_is_strong(call->statement->table) || first == token ||
		node_fail(call->node, CQL_ERR_INVALID, "All statements in a strongly consistent batch must target the same partition");
}
