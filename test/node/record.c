/*
 * test/node/record.c
 *	  Counters by name, and the last requests.
 *
 * Thread: the node's; the names may be asked by any thread.
 * Owns: nothing; the ring of records belongs to Node.
 * Invariant: record i of the ring is the newest request with number = i modulo
 * NODE_RECORDS, so a reader walks back from nrecords.
 */
#include <stddef.h>
#include <stdio.h>
#include <strings.h>

#include "internal.h"

#define COUNTER(name) {#name, offsetof(NodeReport, name)}

static const struct
{
	const char *name;
	size_t		offset;
}			counters[] = {
	COUNTER(requests), COUNTER(executes), COUNTER(rows_written), COUNTER(answers), COUNTER(errors),
	COUNTER(events), COUNTER(faults), COUNTER(connections), COUNTER(open), COUNTER(ready),
	COUNTER(in_flight), COUNTER(max_in_flight), COUNTER(max_conn_in_flight), COUNTER(held), COUNTER(queued), COUNTER(longest_queue), COUNTER(served),
	COUNTER(streams), COUNTER(stream_clashes), COUNTER(bytes_in), COUNTER(bytes_out),
	COUNTER(wrong_node), COUNTER(wrong_shard), COUNTER(ranges), COUNTER(ranges_astray), COUNTER(on_control), COUNTER(payloads), COUNTER(not_owner), COUNTER(no_timestamp), COUNTER(checksum),
	COUNTER(protocol_errors), COUNTER(tls_handshakes), COUNTER(tls_failed), COUNTER(tls_resumed),
	COUNTER(tls_client_certs), COUNTER(tls_tickets), COUNTER(ticket_reused), COUNTER(close_notifies),
	COUNTER(plain_bytes)
};

static const char *const opcodes[17] = {
	"ERROR", "STARTUP", "READY", "AUTHENTICATE", "CREDENTIALS", "OPTIONS", "SUPPORTED", "QUERY", "RESULT",
	"PREPARE", "EXECUTE", "REGISTER", "EVENT", "BATCH", "AUTH_CHALLENGE", "AUTH_RESPONSE", "AUTH_SUCCESS"
};

int
node_opcode_by_name(const char *name)
{
	for (int i = 0; i < 17; i++)
		if (strcasecmp(opcodes[i], name) == 0)
			return i;
	return -1;
}

uint64_t
node_report_get(const NodeReport *report, const char *key)
{
	int			opcode;
	uint64_t	value;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (strcmp(counters[i].name, key) == 0)
		{
			memcpy(&value, (const char *) report + counters[i].offset, sizeof(value));
			return value;
		}
	if (sscanf(key, "shard %d", &opcode) == 1)
		return opcode >= 0 && opcode < NODE_MAX_SHARDS ? report->on_shard[opcode] : UINT64_MAX;
	/* behind the counters: READY is an opcode, ready is not */
	opcode = node_opcode_by_name(key);
	return opcode >= 0 ? report->opcode[opcode] : UINT64_MAX;
}

void
node_report_add(NodeReport *sum, const NodeReport *report)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
	{
		uint64_t	value = node_report_get(sum, counters[i].name) + node_report_get(report, counters[i].name);

		memcpy((char *) sum + counters[i].offset, &value, sizeof(value));
	}
	for (int i = 0; i < 17; i++)
		sum->opcode[i] += report->opcode[i];
	for (int i = 0; i < NODE_MAX_SHARDS; i++)
		sum->on_shard[i] += report->on_shard[i];
	if (report->tls_sni[0] != '\0')
		memcpy(sum->tls_sni, report->tls_sni, sizeof(sum->tls_sni));
}

static void
put_line(CqlBuffer *out, const char *name, uint64_t value)
{
	char		line[64];
	int			n = snprintf(line, sizeof(line), "%s %llu\n", name, (unsigned long long) value);

	cql_put_raw(out, line, (size_t) n);
}

void
node_report_lines(const NodeReport *report, CqlBuffer *out)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		put_line(out, counters[i].name, node_report_get(report, counters[i].name));
	for (int i = 0; i < 17; i++)
		put_line(out, opcodes[i], report->opcode[i]);
	for (int i = 0; i < NODE_MAX_SHARDS; i++)
	{
		char		name[32];

		snprintf(name, sizeof(name), "shard %d", i);
		if (report->on_shard[i] > 0)
			put_line(out, name, report->on_shard[i]);
	}
	if (report->tls_sni[0] != '\0')
	{
		cql_put_raw(out, "tls_sni ", 8);
		cql_put_raw(out, report->tls_sni, strlen(report->tls_sni));
		cql_put_u8(out, '\n');
	}
}

void
node_on_shard(NodeConn *c, int n)
{
	if (c->shard >= 0)
		c->node->report.on_shard[c->shard] += (uint64_t) n;
}

/* ---- records ---- */

void
node_record(const NodeCall *call, bool fault)
{
	Node	   *node = call->node;
	NodeRequest *r = &node->record[node->nrecords++ % NODE_RECORDS];
	size_t		text = call->text.len < NODE_RECORD_TEXT - 1 ? call->text.len : NODE_RECORD_TEXT - 1;
	size_t		values = call->values_len < NODE_RECORD_VALUES ? call->values_len : NODE_RECORD_VALUES;

	*r = (NodeRequest) {
		.number = node->report.requests,
		.connection = call->conn->number,
		.version = call->frame->version,
		.opcode = call->frame->opcode,
		.stream = call->frame->stream,
		.source_port = call->conn->source_port,
		.shard = call->conn->shard,
		.known = call->statement != NULL,
		.fault = fault,
		.consistency = call->consistency,
		.serial_consistency = call->serial,
		.flags = call->flags,
		.page_size = call->page_size,
		.has_paging_state = call->paging_state.len >= 0,
		.timestamp = call->timestamp,
		.nvalues = (uint16_t) call->nvalues,
		.values_len = (uint32_t) call->values_len,
		.text_len = call->text.len
	};
	if (values > 0)
		memcpy(r->values, call->values_at, values);
	if (text > 0)
		memcpy(r->text, call->text.data, text);
}

int
node_records_copy(const Node *node, int opcode, NodeRequest *out, int max)
{
	uint64_t	kept = node->nrecords < NODE_RECORDS ? node->nrecords : NODE_RECORDS;
	uint64_t	first = node->nrecords;
	int			n = 0;

	while (n < max && node->nrecords - first < kept)
	{
		first--;
		if (opcode < 0 || node->record[first % NODE_RECORDS].opcode == opcode)
			n++;
	}
	for (int i = 0; i < n; first++)
		if (opcode < 0 || node->record[first % NODE_RECORDS].opcode == opcode)
			out[i++] = node->record[first % NODE_RECORDS];
	return n;
}

CqlBytes
node_request_value(const NodeRequest *request, int i)
{
	size_t		kept = request->values_len < NODE_RECORD_VALUES ? request->values_len : NODE_RECORD_VALUES;
	CqlReader	r = cql_reader(request->values, kept);
	CqlBytes	value = {NULL, -3};

	if (i >= request->nvalues)
		return value;
	for (int k = 0; k <= i; k++)
	{
		value.len = (int32_t) cql_get_u32(&r);
		value.data = value.len > 0 ? cql_get_raw(&r, (size_t) value.len) : value.len == 0 ? r.at : NULL;
	}
	if (r.failed)
		value = (CqlBytes) {NULL, -3};
	return value;
}

uint64_t
node_hash(const uint8_t *data, size_t len)
{
	uint64_t	h = 0x9E3779B97F4A7C15u ^ len;

	for (; len >= 8; data += 8, len -= 8)
	{
		uint64_t	word;

		memcpy(&word, data, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	for (; len > 0; data++, len--)
		h = (h ^ *data) * 0x100000001b3u;
	h = (h ^ h >> 29) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 32;
}
