/*
 * pipeline/client_config.c
 *	  The configuration of a client as the submitter and its cluster want it.
 *
 * Thread: backend, before the submitter starts.
 * Owns: nothing; all strings go to the caller's arena.
 * Invariants: nothing of the copy points into what was copied.
 */
#include "pipeline/client_config.h"

#include "pipeline/submitter.h"

#define DRIVER_NAME "scylla_fdw"
#define DRIVER_VERSION "1.0"

#define DEFAULT_MAX_ATTEMPTS 5
#define DEFAULT_HEARTBEAT_INTERVAL_MS 30000
#define DEFAULT_HEARTBEAT_TIMEOUT_MS 15000
#define MAX_ORPHANS 1024

static const char *
copy_string(CqlArena *strings, const char *s)
{
	return s ? cql_arena_strdup(strings, s, strlen(s)) : NULL;
}

static const ClusterContact *
copy_contacts(CqlArena *strings, const ClientConfig *from)
{
	ClusterContact *contact = cql_arena_alloc(strings, (size_t) from->ncontacts * sizeof(*contact));

	for (int i = 0; contact && i < from->ncontacts; i++)
	{
		contact[i].host = copy_string(strings, from->contact[i].host);
		contact[i].port = from->contact[i].port;
	}
	return contact;
}

static const NetOption *
copy_tags(CqlArena *strings, const ClientConfig *from)
{
	NetOption  *option = cql_arena_alloc(strings, (size_t) from->ntags * sizeof(*option));

	for (int i = 0; option && i < from->ntags; i++)
	{
		option[i].key = copy_string(strings, from->tag[i].name);
		option[i].value = copy_string(strings, from->tag[i].value);
	}
	return option;
}

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
	return value > 0 ? value : otherwise;
}

bool
client_config_copy(const ClientConfig *from, SubmitterConfig *into, CqlArena *strings)
{
	ClusterConfig *to = &into->cluster;

	into->max_in_flight = from->max_in_flight;
	to->contact = copy_contacts(strings, from);
	to->ncontacts = from->ncontacts;
	to->local_dc = copy_string(strings, from->local_dc);
	to->max_attempts = or_default(from->max_attempts, DEFAULT_MAX_ATTEMPTS);
	to->net.protocol_version = from->protocol_version;
	to->net.lz4 = from->lz4;
	to->net.connect_timeout = from->connect_timeout_ms;
	to->net.heartbeat_interval = or_default(from->heartbeat_interval_ms, DEFAULT_HEARTBEAT_INTERVAL_MS);
	to->net.heartbeat_timeout = or_default(from->heartbeat_timeout_ms, DEFAULT_HEARTBEAT_TIMEOUT_MS);
	to->net.username = copy_string(strings, from->username);
	to->net.password = copy_string(strings, from->password);
	to->net.driver_name = DRIVER_NAME;
	to->net.driver_version = DRIVER_VERSION;
	to->net.option = copy_tags(strings, from);
	to->net.noptions = from->ntags;
	to->net.max_orphans = MAX_ORPHANS;
	to->net.require_auth = from->require_auth;
	return !strings->failed;
}
