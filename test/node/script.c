/*
 * test/node/script.c
 *	  The script language: settings, contents, faults and orders, one a line.
 *
 * Thread: the node's, or the caller's before the node's thread runs.
 * Owns: nothing.
 * Invariant: the first line that is refused ends the script; what stood before
 * it holds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MAX_TOKENS 4096

/* ---- words ---- */

bool
node_take_word(Node *node, NodeLexer *x, const char **word)
{
	if (x->token.kind != TOKEN_NAME && x->token.kind != TOKEN_STRING && x->token.kind != TOKEN_UUID)
		return node_fail(node, 0, "a word is missing");
	*word = node_strdup(&node->schema, x->token.kind == TOKEN_UUID ? x->token.text : x->token.value,
						x->token.kind == TOKEN_UUID ? x->token.len : strlen(x->token.value));
	node_lexer_next(x);
	return true;
}

static bool
take_integer(Node *node, NodeLexer *x, long long low, long long high, long long *value)
{
	char	   *end;

	*value = strtoll(x->token.value, &end, 0);
	if (x->token.kind != TOKEN_NAME || *end != '\0' || *value < low || *value > high)
		return node_fail(node, 0, "a number from %lld to %lld is missing at \"%.40s\"", low, high, x->token.text);
	node_lexer_next(x);
	return true;
}

bool
node_take_int(Node *node, NodeLexer *x, int low, int high, int *value)
{
	long long	v;

	if (!take_integer(node, x, low, high, &v))
		return false;
	*value = (int) v;
	return true;
}

static bool
take_switch(Node *node, NodeLexer *x, bool *value)
{
	*value = node_lexer_accept(x, "on");
	return *value || node_lexer_accept(x, "off") || node_fail(node, 0, "on or off is missing");
}

bool
node_starts_number(const NodeLexer *x)
{
	const char *c = x->token.value;

	return x->token.kind == TOKEN_NAME && (*c == '-' || (*c >= '0' && *c <= '9'));
}

/* ---- settings ---- */

static bool
do_address(Node *node, NodeLexer *x)
{
	return node_take_word(node, x, &node->address);
}

static bool
do_port(Node *node, NodeLexer *x)
{
	return node_take_int(node, x, 0, 65535, &node->port);
}

static bool
do_tls_port(Node *node, NodeLexer *x)
{
	return node_take_int(node, x, 0, 65535, &node->tls_port);
}

static bool
do_protocol(Node *node, NodeLexer *x)
{
	if (!node_take_int(node, x, 4, 5, &node->protocol))
		return false;
	node->oldest = node_lexer_accept(x, "only") ? node->protocol : NODE_OLDEST_PROTOCOL;
	return true;
}

/* USER PASSWORD [certificate], or certificate USER */
static bool
do_auth(Node *node, NodeLexer *x)
{
	node->password = NULL;
	node->certificates = node_lexer_accept(x, "certificate");
	if (!node_take_word(node, x, &node->user))
		return false;
	if (node->certificates)
		return true;
	if (!node_take_word(node, x, &node->password))
		return false;
	node->certificates = node_lexer_accept(x, "certificate");
	return true;
}

static bool
do_compression(Node *node, NodeLexer *x)
{
	return take_switch(node, x, &node->lz4);
}

static bool
do_dc(Node *node, NodeLexer *x)
{
	return node_take_word(node, x, &node->self.dc);
}

static bool
do_rack(Node *node, NodeLexer *x)
{
	return node_take_word(node, x, &node->self.rack);
}

static bool
take_host_id(Node *node, NodeLexer *x, NodePeer *peer)
{
	const char *id;

	if (x->token.kind != TOKEN_UUID)
		return node_fail(node, 0, "a uuid is missing at \"%.40s\"", x->token.text);
	if (!node_take_word(node, x, &id))
		return false;
	snprintf(peer->host_id, sizeof(peer->host_id), "%s", id);
	return true;
}

static bool
do_host_id(Node *node, NodeLexer *x)
{
	return take_host_id(node, x, &node->self);
}

/* T ..., with or without commas */
static bool
take_tokens(Node *node, NodeLexer *x, NodePeer *peer)
{
	int64_t    *taken = node_arena(&node->scratch, MAX_TOKENS * sizeof(int64_t));
	long long	token;
	int			n = 0;

	do
	{
		if (n == MAX_TOKENS || !take_integer(node, x, INT64_MIN, INT64_MAX, &token))
			return node_fail(node, 0, "a token is missing at \"%.40s\"", x->token.text);
		taken[n++] = token;
		node_lexer_accept(x, ",");
	} while (node_starts_number(x));
	peer->token = node_arena(&node->schema, (size_t) n * sizeof(int64_t));
	memcpy(peer->token, taken, (size_t) n * sizeof(int64_t));
	peer->ntokens = n;
	return true;
}

static bool
do_token(Node *node, NodeLexer *x)
{
	return take_tokens(node, x, &node->self);
}

static bool
take_peer_option(Node *node, NodeLexer *x, NodePeer *peer)
{
	if (node_lexer_accept(x, "dc"))
		return node_take_word(node, x, &peer->dc);
	if (node_lexer_accept(x, "rack"))
		return node_take_word(node, x, &peer->rack);
	if (node_lexer_accept(x, "host_id"))
		return take_host_id(node, x, peer);
	return node_fail(node, 0, "dc, rack or host_id is missing at \"%.40s\"", x->token.text);
}

/* ADDRESS PORT TOKEN ... [dc D] [rack R] [host_id U] */
static bool
do_peer(Node *node, NodeLexer *x)
{
	NodePeer   *peer = node_arena(&node->schema, sizeof(*peer));

	peer->dc = "dc1";
	peer->rack = "rack1";
	if (!node_take_word(node, x, &peer->address) || !node_take_int(node, x, 0, 65535, &peer->port) ||
		!take_tokens(node, x, peer))
		return false;
	while (x->token.kind != TOKEN_END)
		if (!take_peer_option(node, x, peer))
			return false;
	peer->next = node->peers;
	node->peers = peer;
	return true;
}

static bool
do_no_peers(Node *node, NodeLexer *x)
{
	node->peers = NULL;
	return true;
}

static bool
do_store(Node *node, NodeLexer *x)
{
	return take_switch(node, x, &node->store);
}

/* As fast as it can: nothing stored, nothing recorded. */
static bool
do_null(Node *node, NodeLexer *x)
{
	if (!take_switch(node, x, &node->null))
		return false;
	node->store = !node->null;
	return true;
}

static bool
do_checksum(Node *node, NodeLexer *x)
{
	return take_switch(node, x, &node->checksum);
}

static bool
do_latency(Node *node, NodeLexer *x)
{
	int			us;

	if (!node_take_int(node, x, 0, 60000000, &us))
		return false;
	node->latency = (uint64_t) us * 1000;
	return true;
}

/* ---- contents ---- */

/* ScyllaDB has tablets for NetworkTopologyStrategy alone. */
static bool
take_tablets(Node *node, NodeLexer *x, NodeKeyspace *k)
{
	if (!node_lexer_accept(x, "tablets"))
		return true;
	if (node->nr_shards == 0 || strstr(k->replication, "NetworkTopologyStrategy") == NULL)
		return node_fail(node, 0, "tablets are for network keyspaces of ScyllaDB");
	return node_take_int(node, x, 1, 65536, &k->tablets) &&
		(!node_lexer_accept(x, "consistency") || node_take_word(node, x, &k->consistency));
}

/* NAME simple N, NAME network DC:N ... [tablets N [consistency eventual|local|global]] */
static bool
do_keyspace(Node *node, NodeLexer *x)
{
	const char *name;
	const char *map = "{'class': 'org.apache.cassandra.locator.SimpleStrategy'";
	const char *dc;
	const char *colon;

	if (!node_take_word(node, x, &name))
		return false;
	if (node_lexer_accept(x, "simple"))
	{
		int			n;

		if (!node_take_int(node, x, 1, 1000, &n))
			return false;
		map = node_format(&node->scratch, "%s, 'replication_factor': '%d'", map, n);
	}
	else if (node_lexer_accept(x, "network"))
	{
		map = "{'class': 'org.apache.cassandra.locator.NetworkTopologyStrategy'";
		while (x->token.kind != TOKEN_END && !node_lexer_is(x, "tablets"))
		{
			if (!node_take_word(node, x, &dc) || (colon = strchr(dc, ':')) == NULL)
				return node_fail(node, 0, "DC:N is missing");
			map = node_format(&node->scratch, "%s, '%.*s': '%s'", map, (int) (colon - dc), dc, colon + 1);
		}
	}
	else
		return node_fail(node, 0, "simple or network is missing");
	return take_tablets(node, x, node_keyspace_add(node, name, node_format(&node->scratch, "%s}", map)));
}

/* What follows the first word is CQL. */
NodeLexer
node_as_cql(const NodeLexer *x)
{
	NodeLexer	cql;

	node_lexer_start(&cql, x->token.text, (size_t) (x->end - x->token.text), x->arena, false);
	return cql;
}

static bool
ends(Node *node, NodeLexer *cql, NodeLexer *x)
{
	node_lexer_accept(cql, ";");
	if (cql->token.kind != TOKEN_END)
		return node_fail(node, 0, "more than expected: \"%.40s\"", cql->token.text);
	x->token.kind = TOKEN_END;
	return true;
}

static bool
do_table(Node *node, NodeLexer *x)
{
	NodeLexer	cql = node_as_cql(x);

	return node_table_add(node, &cql) != NULL && ends(node, &cql, x);
}

/* ks.v (...) FROM t: a view of table t; its rows are what a script gives it */
static bool
do_view(Node *node, NodeLexer *x)
{
	NodeLexer	cql = node_as_cql(x);
	NodeTable  *t = node_table_add(node, &cql);
	NodeLexer	row;
	const char *text;

	if (t == NULL || !node_lexer_accept(&cql, "FROM"))
		return node_fail(node, 0, "the table of a view is missing");
	text = node_format(&node->scratch, "system_schema.views ('%s', '%s', '%s', %s, '')", t->keyspace, t->name, cql.token.value,
					   node_table_id(node, t));
	t->view = true;
	node_lexer_next(&cql);
	node_lexer_start(&row, text, strlen(text), &node->scratch, false);
	return node_row_add(node, &row) && ends(node, &cql, x);
}

static bool
do_type(Node *node, NodeLexer *x)
{
	NodeLexer	cql = node_as_cql(x);

	return node_type_add(node, &cql) && ends(node, &cql, x);
}

static bool
do_row(Node *node, NodeLexer *x)
{
	NodeLexer	cql = node_as_cql(x);

	return node_row_add(node, &cql) && ends(node, &cql, x);
}

/* ks.name N */
static bool
do_repeat(Node *node, NodeLexer *x)
{
	NodeLexer	cql = node_as_cql(x);
	const char *keyspace;
	const char *name;
	NodeTable  *t = NULL;
	char	   *end;
	long long	times;

	if (node_qualified(&cql, &keyspace, &name) && keyspace != NULL)
		t = node_table(node, keyspace, name);
	if (t == NULL)
		return node_fail(node, 0, "the name of a table is missing");
	times = strtoll(cql.token.text, &end, 10);
	if (end == cql.token.text)
		return node_fail(node, 0, "a number is missing at \"%.40s\"", cql.token.text);
	node_lexer_next(&cql);
	return node_row_repeat(node, t, times) && ends(node, &cql, x);
}

/* ---- orders ---- */

static bool
do_release(Node *node, NodeLexer *x)
{
	node_conns_release(node);
	return true;
}

static bool
do_clear(Node *node, NodeLexer *x)
{
	node_rules_clear(node);
	return true;
}

static bool
do_refuse(Node *node, NodeLexer *x)
{
	node_refuse(node, node_lexer_accept(x, "shard_aware"));
	return true;
}

static bool
do_listen(Node *node, NodeLexer *x)
{
	return node_listen(node);
}

static bool
do_disconnect(Node *node, NodeLexer *x)
{
	while (node->conns != NULL)
		node_conn_close(node->conns, CLOSE_NORMAL);
	return true;
}

static bool
do_forget(Node *node, NodeLexer *x)
{
	node_forget(node, NULL);
	return true;
}

/* Counters and records begin anew; what is true now stays true. */
static bool
do_reset(Node *node, NodeLexer *x)
{
	NodeReport *r = &node->report;
	uint64_t	on_shard[NODE_MAX_SHARDS];

	memcpy(on_shard, r->on_shard, sizeof(on_shard));
	*r = (NodeReport) {
		.open = r->open, .ready = r->ready, .in_flight = r->in_flight, .held = r->held,
		.max_in_flight = r->in_flight, .connections = r->connections, .queued = r->queued, .longest_queue = r->queued
	};
	memcpy(r->on_shard, on_shard, sizeof(on_shard));
	node->nrecords = 0;
	return true;
}

/* ---- lines ---- */

static const struct
{
	const char *word;
	bool		(*run) (Node *node, NodeLexer *x);
}			lines[] = {
	{"address", do_address}, {"port", do_port}, {"protocol", do_protocol}, {"scylla", node_scylla_line}, {"landing", node_landing_line},
	{"auth", do_auth}, {"tls", node_tls_line}, {"tls_port", do_tls_port}, {"lz4", do_compression}, {"dc", do_dc}, {"rack", do_rack}, {"host_id", do_host_id},
	{"token", do_token}, {"peer", do_peer}, {"no_peers", do_no_peers}, {"store", do_store}, {"null", do_null},
	{"checksum", do_checksum}, {"latency", do_latency}, {"capacity", node_queue_line}, {"keyspace", do_keyspace}, {"type", do_type},
	{"table", do_table}, {"view", do_view}, {"index", node_index_line}, {"vector_index", node_vector_line}, {"row", do_row}, {"repeat", do_repeat}, {"tablets", node_tablets_line}, {"tablet", node_tablet_line}, {"on", node_rule_add}, {"release", do_release}, {"clear", do_clear},
	{"event", node_event}, {"refuse", do_refuse}, {"listen", do_listen}, {"disconnect", do_disconnect},
	{"forget", do_forget}, {"reset", do_reset}
};

static bool
run_line(Node *node, const char *line, size_t len)
{
	NodeLexer	x;
	size_t		i = 0;
	size_t		n = sizeof(lines) / sizeof(lines[0]);

	node_lexer_start(&x, line, len, &node->scratch, true);
	if (x.token.kind == TOKEN_END || *x.token.text == '#')
		return true;
	while (i < n && !node_lexer_is(&x, lines[i].word))
		i++;
	if (i == n)
		return node_fail(node, 0, "unknown word \"%.*s\"", (int) x.token.len, x.token.text);
	node_lexer_next(&x);
	node->placed = false;
	if (!lines[i].run(node, &x))
		return false;
	return x.token.kind == TOKEN_END || node_fail(node, 0, "more than expected: \"%.40s\"", x.token.text);
}

bool
node_script(Node *node, const char *script)
{
	bool		ok = true;

	for (int number = 1; ok && *script != '\0'; number++)
	{
		size_t		len = strcspn(script, "\n");

		ok = run_line(node, script, len);
		if (!ok)
		{
			char		why[sizeof(node->failure.message)];

			memcpy(why, node->failure.message, sizeof(why));
			node_fail(node, 0, "line %d: %.200s", number, why);
		}
		script += len + (script[len] == '\n');
		cql_arena_free(&node->scratch);
	}
	return ok;
}
