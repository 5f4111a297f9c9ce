/*
 * pipeline/client_config.c
 *	  The copy of what a client is opened with.
 *
 * Thread: backend, before the submitter starts.
 * Owns: nothing; all strings go to the caller's arena.
 * Invariants: nothing of the copy points into what was copied.
 */
#include "pipeline/client_config.h"

#include "cluster/driver_config.h"

#define DRIVER_NAME "scylla_fdw"
#define DRIVER_VERSION "1.0"

#define DEFAULT_MAX_ATTEMPTS 5
#define DEFAULT_REFRESH_INTERVAL_MS 300000
#define DEFAULT_HEARTBEAT_INTERVAL_MS 30000
#define DEFAULT_HEARTBEAT_TIMEOUT_MS 15000
#define MAX_ORPHANS 1024

static const char *
copy_string(CqlArena *strings, const char *s)
{
	return s ? cql_arena_strdup(strings, s, strlen(s)) : NULL;
}

static const ClusterContact *
copy_contacts(CqlArena *strings, const ClusterConfig *from)
{
	ClusterContact *contact = cql_arena_alloc(strings, (size_t) from->ncontacts * sizeof(*contact));

	for (int i = 0; contact && i < from->ncontacts; i++)
	{
		contact[i] = from->contact[i];
		contact[i].host = copy_string(strings, from->contact[i].host);
	}
	return contact;
}

static const NetOption *
copy_options(CqlArena *strings, const NetConfig *from)
{
	NetOption  *option = cql_arena_alloc(strings, (size_t) from->noptions * sizeof(*option));

	for (int i = 0; option && i < from->noptions; i++)
	{
		option[i].key = copy_string(strings, from->option[i].key);
		option[i].value = copy_string(strings, from->option[i].value);
	}
	return option;
}

static void
copy_tls(CqlArena *strings, const NetTlsConfig *from, NetTlsConfig *into)
{
	into->root_cert = copy_string(strings, from->root_cert);
	into->crl = copy_string(strings, from->crl);
	into->cert = copy_string(strings, from->cert);
	into->key = copy_string(strings, from->key);
	into->password = copy_string(strings, from->password);
}

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
	return value > 0 ? value : otherwise;
}

static void
set_defaults(ClusterConfig *config)
{
	config->refresh_interval = or_default(config->refresh_interval, DEFAULT_REFRESH_INTERVAL_MS);
	config->max_attempts = or_default(config->max_attempts, DEFAULT_MAX_ATTEMPTS);
	config->net.heartbeat_interval = or_default(config->net.heartbeat_interval, DEFAULT_HEARTBEAT_INTERVAL_MS);
	config->net.heartbeat_timeout = or_default(config->net.heartbeat_timeout, DEFAULT_HEARTBEAT_TIMEOUT_MS);
	config->net.driver_name = DRIVER_NAME;
	config->net.driver_version = DRIVER_VERSION;
	config->net.max_orphans = MAX_ORPHANS;
}

/* What is pointed to is copied, a string that is forgotten here ends with the statement that opened the client. */
bool
client_config_copy(const ClusterConfig *from, ClusterConfig *into, CqlArena *strings)
{
	*into = *from;
	set_defaults(into);
	into->contact = copy_contacts(strings, from);
	into->local_dc = copy_string(strings, from->local_dc);
	into->local_rack = copy_string(strings, from->local_rack);
	into->net.username = copy_string(strings, from->net.username);
	into->net.password = copy_string(strings, from->net.password);
	copy_tls(strings, &from->net.tls, &into->net.tls);
	into->net.option = copy_options(strings, &from->net);
	into->net.report = cluster_driver_config(into, strings);
	return !strings->failed;
}
