/*
 * fdw/session/client_start.c
 *	  Starting a client.
 *
 * Backend thread. Owns nothing. Invariants: what may run out of memory comes
 * before descriptors are accounted for, which no error gives back.
 *
 * Each descriptor is accounted for before it is opened (AcquireExternalFD), so the
 * server's own files never meet with a limit by our doing. A client asks for its own
 * eight, for the control connection's and for two for requests before it starts; if
 * that is refused, so is the statement. Later the submitter opens sockets, where
 * nothing of PostgreSQL may be called. It has a number of them that may be opened
 * (net/sockets.h), asks the backend for more, and does without if there are none: it
 * works with the connections that it has. So with a small max_files_per_process there
 * are fewer connections, and no errors. What was closed comes back with the next
 * statement. The server lets a third of its descriptors be external ones: with the
 * default of max_files_per_process some thirty servers a session.
 *
 * PostgreSQL itself counts the set that waits for the client, and one that waits for several scans. Look-ups of names, and
 * files of certificates, take a descriptor or two for a moment: for such as these
 * PostgreSQL leaves ten aside.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "fdw/compat.h"
#include "fdw/option/resolve.h"
#include "fdw/session/client_start.h"

/* ---- descriptors ---- */

/* Before a client has connected: its own, the control connection, that of a node which prepares, and of one that has the row. */
#define FIRST_SOCKETS 3
#define FIRST_DESCRIPTORS (CLIENT_DESCRIPTORS + FIRST_SOCKETS)

void
scyllaReleaseDescriptors(int *descriptors)
{
	for (; *descriptors > 0; (*descriptors)--)
		ReleaseExternalFD();
}

/* One more must be left for the set that waits for the client, which PostgreSQL counts and comes next. */
static bool
acquire_descriptors(int *descriptors)
{
	while (*descriptors <= FIRST_DESCRIPTORS && AcquireExternalFD())
		(*descriptors)++;
	if (*descriptors > FIRST_DESCRIPTORS)
	{
		ReleaseExternalFD();
		(*descriptors)--;
		return true;
	}
	scyllaReleaseDescriptors(descriptors);
	return false;
}

/* One is left for a set that waits for several scans. */
void
scyllaHandOutDescriptors(Client *client, int *descriptors)
{
	uint32		wanted = client_sockets_wanted(client);
	uint32		n = 0;

	while (n <= wanted && AcquireExternalFD())
		n++;
	if (n > 0)
	{
		ReleaseExternalFD();
		n--;
	}
	*descriptors += (int) n;
	client_give_sockets(client, n, n < wanted);
}

void
scyllaTakeBackDescriptors(Client *client, int *descriptors)
{
	Assert(*descriptors >= FIRST_DESCRIPTORS);
	client_forget_wanted(client);
	for (; *descriptors > FIRST_DESCRIPTORS && client_take_socket(client); (*descriptors)--)
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

#define MAX_TAGS 5

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

/* What all connections of one client have in common, and no others: ScyllaDB's drivers tell it by this name. */
static char *
new_session_id(void)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, DirectFunctionCall1(gen_random_uuid, (Datum) 0)));
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
	add_tag(&tags, "SESSION_ID", new_session_id());
	return tags;
}

static ClusterDefaults
defaults_of(ForeignServer *server)
{
	const ScyllaTableOptions *o = scyllaServerOptions(server);

	return (ClusterDefaults) {
		.consistency = (uint16) o->write_consistency, .serial_consistency = (uint16) o->serial_consistency,
		.page_size = (uint32) o->fetch_size, .request_timeout = (uint32) o->request_timeout,
		.schema_timeout = SCYLLA_AGREEMENT_TIMEOUT
	};
}

/* ---- starting ---- */

/* What the backend waits with; made once, as a wait may be as short as one round trip. A set that lacks one of them would never wake up. */
static WaitEventSet *
make_events(Client *client)
{
	WaitEventSet *events = scyllaCreateWaitEventSet(3);

	PG_TRY();
	{
		AddWaitEventToSet(events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
		if (IsUnderPostmaster)
			AddWaitEventToSet(events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
		AddWaitEventToSet(events, WL_SOCKET_READABLE, client_wait_fd(client), NULL, NULL);
	}
	PG_CATCH();
	{
		FreeWaitEventSet(events);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return events;
}

Client *
scyllaStartClient(ForeignServer *server, const ScyllaConnectionOptions *o, bool require_auth, int *descriptors, WaitEventSet **events)
{
	Tags		tags = make_tags();
	ClusterConfig config = o->core;
	char		error[256];
	Client	   *client;

	Assert(*descriptors == 0);
	config.net.require_auth = require_auth;
	config.net.option = tags.option;
	config.net.noptions = tags.n;
	config.defaults = defaults_of(server);
	if (!acquire_descriptors(descriptors))
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("could not connect to server \"%s\"", server->servername),
				 errdetail("There are too many open files on the local server."),
				 errhint("Raise the server's max_files_per_process and/or \"ulimit -n\" limits.")));
	client = client_open(&config, error, sizeof(error));
	if (client == NULL)
	{
		scyllaReleaseDescriptors(descriptors);
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("could not start the client of server \"%s\": %s", server->servername, error)));
	}
	PG_TRY();
	{
		*events = make_events(client);
	}
	PG_CATCH();
	{
		(void) client_close(client, SCYLLA_CLOSE_TIMEOUT);
		scyllaReleaseDescriptors(descriptors);
		PG_RE_THROW();
	}
	PG_END_TRY();
	client_limit_sockets(client, FIRST_SOCKETS);
	return client;
}
