/*
 * cluster/failure.c
 *	  What to tell of a request or of a cluster that failed.
 *
 * Submitter thread.
 * Owns: nothing; a failure belongs to the request it was made for.
 * Invariant: every text is valid UTF-8 and NUL-terminated, whatever came in.
 *
 * A failure is malloc'd when it happens. Requests are small, and there are thousands
 * of them; a failure has half a kilobyte of text, and is rare.
 */
#include "cluster/failure.h"

#include "cluster/place.h"

#include "cluster/topology.h"
#include "cql/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Length of the valid character at s, 0 if there is none. */
static size_t
character_length(const char *s, size_t left)
{
	for (size_t n = 1; n <= 4 && n <= left; n++)
	{
		if (cql_utf8_valid((const uint8_t *) s, n))
			return *s == '\0' ? 0 : n;
	}
	return 0;
}

void
cluster_failure_text(char *out, size_t size, const char *text, size_t n)
{
	size_t		used = 0;

	for (size_t at = 0; at < n;)
	{
		size_t		length = character_length(text + at, n - at);

		if (used + (length ? length : 1) >= size)
			break;
		if (length == 0)
		{
			out[used++] = '?';
			at++;
			continue;
		}
		memcpy(out + used, text + at, length);
		used += length;
		at += length;
	}
	out[used] = '\0';
}

static void
tell_place(ClusterFailure *f, const ClusterPlace *place)
{
	char		text[sizeof(f->node)];

	if (place->node->nr_shards > 1)
		snprintf(text, sizeof(text), "%s shard %u", place->node->name, place->shard);
	else
		snprintf(text, sizeof(text), "%s", place->node->name);
	cluster_failure_text(f->node, sizeof(f->node), text, strlen(text));
}

static ClusterFailure *
failure_begin(const ClusterRequest *request, ClusterFailureKind kind)
{
	ClusterFailure *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->kind = kind;
	f->attempts = request->attempts;
	f->elapsed_ms = (uint32_t) ((uv_hrtime() - request->started) / 1000000);
	if (request->place)
		tell_place(f, request->place);
	return f;
}

ClusterFailure *
cluster_failure_new(const ClusterRequest *request, ClusterFailureKind kind, const char *format,...)
{
	ClusterFailure *f = failure_begin(request, kind);
	char		text[sizeof(f->message)];
	va_list		args;

	if (!f)
		return NULL;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cluster_failure_text(f->message, sizeof(f->message), text, strlen(text));
	return f;
}

static bool
carries_counts(uint32_t code)
{
	switch (code)
	{
		case CQL_ERR_UNAVAILABLE:
		case CQL_ERR_WRITE_TIMEOUT:
		case CQL_ERR_READ_TIMEOUT:
		case CQL_ERR_READ_FAILURE:
		case CQL_ERR_WRITE_FAILURE:
		case CQL_ERR_CAS_WRITE_UNKNOWN:
			return true;
		default:
			return false;
	}
}

ClusterFailure *
cluster_failure_from_error(const ClusterRequest *request, const CqlError *error)
{
	ClusterFailure *f = failure_begin(request, CLUSTER_FAIL_CQL);

	if (!f)
		return NULL;
	f->code = error->code;
	cluster_failure_text(f->message, sizeof(f->message), error->message.data, error->message.len);
	if (carries_counts(error->code))
	{
		f->counted = true;
		f->consistency = error->consistency;
		f->received = error->received;
		f->required = error->required;
	}
	return f;
}

/* How much a reason tells the one who has to mend it. */
static int
rank(NetFailureKind kind)
{
	switch (kind)
	{
		case NET_FAIL_CREDENTIALS:
			return 6;
		case NET_FAIL_VERSION:
			return 5;
		case NET_FAIL_PROTOCOL:
			return 4;
		case NET_FAIL_MEMORY:
			return 3;
		case NET_FAIL_TIMEOUT:
			return 2;
		case NET_FAIL_CONNECT:
		case NET_FAIL_PORT:
		case NET_FAIL_CLOSED:
			return 1;
		case NET_FAIL_NONE:
			break;
	}
	return 0;
}

void
cluster_report_add(ClusterReport *report, const char *address, const NetFailure *why)
{
	char		both[sizeof(report->text) * 2];
	char		mine[sizeof(why->message) + 128];
	bool		first = rank(why->kind) > rank(report->kind);

	snprintf(mine, sizeof(mine), "%s: %s", address, why->message);
	if (report->text[0] == '\0')
		snprintf(both, sizeof(both), "%s", mine);
	else if (first)
		snprintf(both, sizeof(both), "%s; %s", mine, report->text);
	else
		snprintf(both, sizeof(both), "%s; %s", report->text, mine);
	if (first)
		report->kind = why->kind;
	cluster_failure_text(report->text, sizeof(report->text), both, strlen(both));
}

void
cluster_report_fill(const ClusterReport *report, ClusterFailure *failure)
{
	*failure = (ClusterFailure) {0};
	if (report->kind == NET_FAIL_CREDENTIALS)
		failure->kind = CLUSTER_FAIL_CREDENTIALS;
	else if (report->kind == NET_FAIL_MEMORY)
		failure->kind = CLUSTER_FAIL_MEMORY;
	else
		failure->kind = CLUSTER_FAIL_CONNECT;
	cluster_failure_text(failure->message, sizeof(failure->message), report->text, strlen(report->text));
}
