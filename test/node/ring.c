/*
 * test/node/ring.c
 *	  Nodes that are each other's peers.
 *
 * Thread: the caller's. Owns: nothing; the nodes are the caller's.
 * Invariant: the tokens of all nodes stand at equal distances on the ring, the nodes in turn.
 */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

static void
			put(CqlBuffer *out, const char *format,...) __attribute__((format(printf, 2, 3)));

static void
put(CqlBuffer *out, const char *format,...)
{
	char		text[128];
	va_list		args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cql_put_raw(out, text, strlen(text));
}

static void
put_address(CqlBuffer *out, int node)
{
	put(out, "127.0.%d.%d", (node + 1) / 256, (node + 1) % 256);
}

static void
put_tokens(CqlBuffer *out, int node, int n, int tokens)
{
	uint64_t	distance = UINT64_MAX / (uint64_t) (n * tokens);
	uint64_t	lowest = (uint64_t) INT64_MIN + 1;	/* the least itself is no token */

	for (int i = 0; i < tokens; i++)
		put(out, " %lld", (long long) (int64_t) (lowest + distance * (uint64_t) (node + n * i)));
}

static Node *
start_one(int number, int n, int tokens, const Node *first, const char *script, char *error, size_t error_size)
{
	CqlBuffer	text = {0};
	Node	   *node;

	put(&text, "port %d\naddress ", first ? node_port(first) : 0);
	put_address(&text, number);
	put(&text, "\ntoken");
	put_tokens(&text, number, n, tokens);
	put(&text, "\n");
	cql_put_raw(&text, script, strlen(script));
	if (first != NULL && node_tls_port(first) > 0)
		put(&text, "\ntls_port %d", node_tls_port(first));
	cql_put_u8(&text, 0);
	node = node_start((char *) text.data, error, error_size);
	cql_buffer_free(&text);
	return node;
}

static void
tell_peers(Node *node, int number, int n, int tokens)
{
	CqlBuffer	text = {0};

	for (int i = 0; i < n; i++)
	{
		if (i == number)
			continue;
		put(&text, "peer ");
		put_address(&text, i);
		put(&text, " %d", node_port(node));
		put_tokens(&text, i, n, tokens);
		put(&text, "\n");
	}
	cql_put_u8(&text, 0);
	node_order(node, "%s", (char *) text.data);
	cql_buffer_free(&text);
}

bool
node_ring_start(Node **nodes, int n, int tokens, const char *script, char *error, size_t error_size)
{
	for (int i = 0; i < n; i++)
	{
		nodes[i] = start_one(i, n, tokens, i > 0 ? nodes[0] : NULL, script, error, error_size);
		if (nodes[i] == NULL)
		{
			while (i-- > 0)
				node_stop(nodes[i]);
			return false;
		}
	}
	for (int i = 0; i < n; i++)
		tell_peers(nodes[i], i, n, tokens);
	return true;
}
