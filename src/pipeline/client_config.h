/*
 * pipeline/client_config.h
 *	  What a client is opened with, and the copy that the submitter and its
 *	  cluster go by.
 *
 * Backend thread.
 */
#ifndef PIPELINE_CLIENT_CONFIG_H
#define PIPELINE_CLIENT_CONFIG_H

#include "cql/buffer.h"

typedef struct ClientContact
{
	const char *host;
	uint16_t	port;
} ClientContact;

#define CLIENT_TAGS 8

/* What nodes show of a client in their lists. */
typedef struct ClientTag
{
	const char *name;
	const char *value;			/* UTF-8 */
} ClientTag;

/* Deep-copied by client_open. NULL strings mean absent. */
typedef struct ClientConfig
{
	const ClientContact *contact;
	int			ncontacts;
	const char *local_dc;
	const char *username;
	const char *password;
	int			protocol_version;	/* 0 auto, 4, 5 */
	bool		lz4;
	uint32_t	connect_timeout_ms;
	uint32_t	max_in_flight;	/* 0 = adaptive */
	uint32_t	max_attempts;	/* 0 = default (5) */
	uint32_t	heartbeat_interval_ms;	/* 0 = default (30000) */
	uint32_t	heartbeat_timeout_ms;	/* 0 = default (15000) */
	bool		require_auth;
	ClientTag	tag[CLIENT_TAGS];
	int			ntags;
} ClientConfig;

struct SubmitterConfig;

/* With defaults for what is not given; strings go to the arena. false: out of memory. */
extern bool client_config_copy(const ClientConfig *from, struct SubmitterConfig *into, CqlArena *strings);

#endif							/* PIPELINE_CLIENT_CONFIG_H */
