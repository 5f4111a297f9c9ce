/*
 * cluster/driver_config.c
 *	  What a node is told of how its client is configured: DRIVER_CONFIG of STARTUP.
 *
 * Any thread.
 * Owns: nothing.
 * Invariants: nothing secret is told, and no address; what could be too large for a
 * STARTUP is not told at all.
 *
 * ScyllaDB shows it in system.clients. Its form is version 1 of what ScyllaDB's
 * drivers have agreed upon (https://scylladb.com/schemas/driver-client-options/v1.json,
 * as in client/driver-config-schema.json of crate scylla 1.9).
 */
#include "cluster/driver_config.h"

#include <stdarg.h>
#include <stdio.h>

#include "cluster/backoff.h"
#include "cluster/window.h"

#define LARGEST (32 * 1024)

static void
__attribute__((format(printf, 2, 3)))
put(CqlBuffer *b, const char *format,...)
{
	char		piece[512];
	va_list		args;
	int			n;

	va_start(args, format);
	n = vsnprintf(piece, sizeof(piece), format, args);
	va_end(args);
	CORE_ASSERT(n >= 0 && (size_t) n < sizeof(piece));
	cql_put_raw(b, piece, (size_t) n);
}

static void
put_string(CqlBuffer *b, const char *s)
{
	put(b, "\"");
	for (; *s; s++)
	{
		if ((uint8_t) *s < 0x20 || *s == '"' || *s == '\\')
			put(b, "\\u%04x", (unsigned) *s);
		else
			cql_put_raw(b, s, 1);
	}
	put(b, "\"");
}

static const char *
word(bool value)
{
	return value ? "true" : "false";
}

static void
put_connection(CqlBuffer *b, const ClusterConfig *c)
{
	put(b, "\"connection\":{\"connect\":{\"timeout-ms\":%u},", c->net.connect_timeout);
	put(b, "\"requests\":{\"in-flight\":{\"max\":%u},\"orphaned\":{\"max\":%u}},",
		c->max_in_flight > 0 ? c->max_in_flight : CLUSTER_WINDOW_MAX, c->net.max_orphans);
	put(b, "\"pool\":{\"shard-aware\":{\"enabled\":true}},");
	put(b, "\"socket\":{\"tcp-no-delay\":true,\"keep-alive\":true,\"reuse-address\":true},");
	put(b, "\"reconnection\":{\"policy\":{\"type\":\"exponential\",\"base-ms\":%d,\"max-ms\":%d}}", CLUSTER_BACKOFF_MIN,
		CLUSTER_BACKOFF_MAX);
	if (c->net.tls.mode != NET_SSL_DISABLE)
		put(b, ",\"tls\":{\"hostname-verification\":%s}", word(c->net.tls.mode == NET_SSL_VERIFY_FULL));
	put(b, "},");
}

static void
put_control(CqlBuffer *b, const ClusterConfig *c)
{
	put(b, "\"control-plane\":{\"queries\":{\"system\":{\"timeout\":{\"client-side-ms\":%u}}},", c->net.connect_timeout);
	put(b, "\"schema\":{\"agreement\":{\"timeout-ms\":%u}}},", c->defaults.schema_timeout);
}

static void
put_defaults(CqlBuffer *b, const ClusterDefaults *d)
{
	put(b, "\"defaults\":{\"page\":{\"size\":%u},\"consistency\":\"%s\",\"serial-consistency\":\"%s\",", d->page_size,
		cql_consistency_name(d->consistency), cql_consistency_name(d->serial_consistency));
	put(b, "\"idempotence\":false,\"client-timestamps\":true,\"request\":{\"timeout-ms\":%u}},", d->request_timeout);
}

static void
put_preference(CqlBuffer *b, const ClusterConfig *c)
{
	const char *of_dc = c->local_dc ? "dc" : "dc-auto";

	put(b, "\"node-preference\":{\"type\":\"%s\"", !c->local_rack ? of_dc : c->local_dc ? "rack" : "rack-auto");
	if (c->local_dc)
	{
		put(b, ",\"local-dc\":");
		put_string(b, c->local_dc);
	}
	if (c->local_rack)
	{
		put(b, ",\"local-rack\":");
		put_string(b, c->local_rack);
	}
	put(b, "}");
}

static void
put_query(CqlBuffer *b, const ClusterConfig *c)
{
	put(b, "\"query\":{");
	put_defaults(b, &c->defaults);
	put(b, "\"retry\":{\"policy\":{\"type\":\"standard-error-aware\"},\"backoff\":{\"type\":\"exponential\",\"base-ms\":%d}},",
		CLUSTER_BACKOFF_MIN);
	put(b, "\"load-balancing\":{\"policy\":{\"type\":\"token-aware\",\"load-distribution\":\"round-robin\",");
	put(b, "\"fallback-to-non-preferred-nodes\":%s,", word(c->local_rack != NULL));
	put(b, "\"adaptive-ordering\":{\"signals\":[\"in-flight-requests\",\"recovery-state\"]}},");
	put_preference(b, c);
	put(b, "}}");
}

const char *
cluster_driver_config(const ClusterConfig *config, CqlArena *strings)
{
	CqlBuffer	b = {0};
	const char *text = NULL;

	put(&b, "{\"version\":1,");
	put_connection(&b, config);
	put_control(&b, config);
	put_query(&b, config);
	put(&b, "}");
	if (!b.failed && b.len <= LARGEST)
		text = cql_arena_strdup(strings, (const char *) b.data, b.len);
	cql_buffer_free(&b);
	return text;
}
