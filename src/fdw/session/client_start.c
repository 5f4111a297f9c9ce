/*
 * fdw/session/client_start.c
 *	  Starting a client.
 *
 * Backend thread. Owns nothing. Invariants: what may run out of memory comes
 * before descriptors are accounted for, which no error gives back.
 *
 * Descriptors are accounted for as they are. A client asks the server for its own
 * eight, the control connection's and a node's before it starts, which may be
 * refused (AcquireExternalFD). Nodes are found later, by another thread. So their
 * connections are only told of, at the next statement (ReserveExternalFD).
 * PostgreSQL itself counts the set that waits for the client. With the default of
 * max_files_per_process that is some thirty servers a session.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "fdw/session/client_start.h"

/* ---- descriptors ---- */

/* Before a client has connected: its own, the control connection, a node's. */
#define FIRST_DESCRIPTORS (CLIENT_DESCRIPTORS + 2)

void
scyllaReleaseDescriptors(int *descriptors)
{
	for (; *descriptors > 0; (*descriptors)--)
		ReleaseExternalFD();
}

static bool
acquire_descriptors(int *descriptors)
{
	for (; *descriptors < FIRST_DESCRIPTORS; (*descriptors)++)
	{
		if (!AcquireExternalFD())
		{
			scyllaReleaseDescriptors(descriptors);
			return false;
		}
	}
	return true;
}

void
scyllaFollowDescriptors(const Client *client, int *descriptors)
{
	int			n = CLIENT_DESCRIPTORS + (int) client_connections(client);

	Assert(*descriptors >= FIRST_DESCRIPTORS);
	for (; *descriptors < n; (*descriptors)++)
		ReserveExternalFD();
	for (; *descriptors > n && *descriptors > FIRST_DESCRIPTORS; (*descriptors)--)
		ReleaseExternalFD();
}

/* ---- what nodes show ---- */

/*
 * Names of roles and databases may be in another encoding than this database's,
 * and nodes refuse what is not UTF-8; a tag is not worth an error.
 */
static char *
to_tag(const char *text)
{
	char	   *tag = pstrdup(text);

	if (GetDatabaseEncoding() == PG_UTF8 && pg_verify_mbstr(PG_UTF8, tag, strlen(tag), true))
		return tag;
	for (char *p = tag; *p; p++)
	{
		if (IS_HIGHBIT_SET(*p))
			*p = '?';
	}
	return tag;
}

#define MAX_TAGS 4

typedef struct Tags
{
	NetOption	option[MAX_TAGS];
	int			n;
} Tags;

static void
add_tag(Tags *tags, const char *key, const char *value)
{
	Assert(tags->n < MAX_TAGS);
	if (value != NULL && value[0] != '\0')
		tags->option[tags->n++] = (NetOption) {key, to_tag(value)};
}

/* What leads from a node's list of clients to this session in pg_stat_activity. */
static Tags
make_tags(void)
{
	Tags		tags = {.n = 0};

	add_tag(&tags, "APPLICATION_NAME", application_name);
	add_tag(&tags, "POSTGRES_ROLE", GetUserNameFromId(GetSessionUserId(), true));
	add_tag(&tags, "POSTGRES_DATABASE", get_database_name(MyDatabaseId));
	add_tag(&tags, "POSTGRES_PID", psprintf("%d", MyProcPid));
	return tags;
}

/* ---- starting ---- */

Client *
scyllaStartClient(const char *server, const ScyllaConnectionOptions *o, bool require_auth, int *descriptors)
{
	Tags		tags = make_tags();
	ClusterConfig config = o->core;
	char		error[256];
	Client	   *client;

	Assert(*descriptors == 0);
	config.net.require_auth = require_auth;
	config.net.option = tags.option;
	config.net.noptions = tags.n;
	if (!acquire_descriptors(descriptors))
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("could not connect to server \"%s\"", server),
				 errdetail("There are too many open files on the local server."),
				 errhint("Raise the server's max_files_per_process and/or \"ulimit -n\" limits.")));
	client = client_open(&config, error, sizeof(error));
	if (client == NULL)
	{
		scyllaReleaseDescriptors(descriptors);
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("could not start the client of server \"%s\": %s", server, error)));
	}
	return client;
}
