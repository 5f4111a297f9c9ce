/*
 * fdw/session/session.c
 *	  Clients of user mappings: opened late, kept, invalidated, waited for.
 *
 * Backend thread. Owns the hash of sessions, their clients and the transaction
 * callbacks. Invariants: nothing else in the extension blocks on the cluster; a
 * session is closed only between uses, so no statement ever sees it go.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "fdw/compat.h"
#include "fdw/session/epoch.h"
#include "fdw/session/error.h"
#include "fdw/session/session.h"
#include "fdw/session/setting.h"

#define CLOSE_TIMEOUT 500		/* ms; a terminated backend must be gone within a second */

/*
 * File descriptors that the server's accounting knows of: eight of the client and
 * its loop, the control connection, and as many nodes as most clusters have. How
 * many there are is not known yet; those over eight go uncounted.
 */
#define CLIENT_DESCRIPTORS 16

static HTAB *sessions = NULL;

/* ---- descriptors ---- */

static void
release_descriptors(int n)
{
	while (n-- > 0)
		ReleaseExternalFD();
}

static bool
acquire_descriptors(void)
{
	for (int i = 0; i < CLIENT_DESCRIPTORS; i++)
	{
		if (!AcquireExternalFD())
		{
			release_descriptors(i);
			return false;
		}
	}
	return true;
}

/* ---- closing ---- */

static void
close_session(ScyllaSession *s)
{
	Client	   *client = s->client;

	if (client == NULL)
		return;
	s->client = NULL;
	s->statements = NULL;
	s->tables = NULL;
	s->ring = NULL;
	s->forgotten = false;
	s->invalidated = false;
	MemoryContextDelete(s->context);	/* callbacks free what core memory it holds */
	s->context = NULL;
	if (s->events != NULL)
		FreeWaitEventSet(s->events);
	s->events = NULL;
	release_descriptors(CLIENT_DESCRIPTORS);
	(void) client_close(client, CLOSE_TIMEOUT);
}

/* Nobody holds a statement or a table's description now. */
static void
release_forgotten(ScyllaSession *s)
{
	s->forgotten = false;
	s->statements = NULL;
	s->tables = NULL;
	s->ring = NULL;
	MemoryContextReset(s->context);
}

static bool
in_use(const ScyllaSession *s)
{
	return s->used || s->open_pipelines > 0;
}

static void
close_all_at_exit(int code, Datum arg)
{
	HASH_SEQ_STATUS scan;
	ScyllaSession *s;

	hash_seq_init(&scan, sessions);
	while ((s = hash_seq_search(&scan)) != NULL)
	{
		if (s->client != NULL)
			(void) client_close(s->client, CLOSE_TIMEOUT);
		s->client = NULL;
	}
}

/* ---- transactions and invalidation ---- */

static void
warn_about_rollback(const char *what, uint64 rows)
{
	if (!scylla_warn_on_rollback || rows == 0)
		return;
	ereport(WARNING,
			(errmsg("%s is rolled back, but " UINT64_FORMAT " row%s written to the cluster %s",
					what, rows, rows == 1 ? "" : "s", rows == 1 ? "stays" : "stay"),
			 errdetail("CQL has no transactions: a write is durable when it is acknowledged.")));
}

/* Of this nesting level; they are taken out. */
static uint64
take_untold(ScyllaSession *s, int level)
{
	uint64		rows = level < s->levels ? s->untold[level] : 0;

	if (rows > 0)
		s->untold[level] = 0;
	return rows;
}

static void
refuse_two_phase(const ScyllaSession *s)
{
	if (s->written > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has written to a scylla_fdw foreign table")));
	if (s->by_hand)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has run CQL by hand that may write")));
}

/* Writes that were kept open for more, of this nesting level. A row that failed is raised here. */
static void
close_kept_writes(ScyllaSession *s, int level)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &s->writers)
	{
		ScyllaWriter *writer = dlist_container(ScyllaWriter, node, iter.cur);

		if (writer->kept && writer->level == level)
			writer->close(writer);
	}
}

/*
 * Those of this server, or of all (InvalidOid), that have open writes: a list, so
 * that the scan of the hash is not left open by an error. In a context where it
 * can be freed: what is in a subtransaction's own stays until the transaction ends.
 */
static List *
writing_sessions(Oid serverid)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	HASH_SEQ_STATUS scan;
	ScyllaSession *s;
	List	   *writing = NIL;

	hash_seq_init(&scan, sessions);
	while ((s = hash_seq_search(&scan)) != NULL)
	{
		if (!dlist_is_empty(&s->writers) && (!OidIsValid(serverid) || s->serverid == serverid))
			writing = lappend(writing, s);
	}
	MemoryContextSwitchTo(old);
	return writing;
}

static void
close_kept_writes_of_all(int level)
{
	List	   *writing = writing_sessions(InvalidOid);
	ListCell   *lc;

	foreach(lc, writing)
		close_kept_writes(lfirst(lc), level);
	list_free(writing);
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	HASH_SEQ_STATUS scan;
	ScyllaSession *s;

	if (sessions == NULL)		/* init_sessions ran out of memory half-way */
		return;
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		close_kept_writes_of_all(1);
	hash_seq_init(&scan, sessions);
	while ((s = hash_seq_search(&scan)) != NULL)
	{
		switch (event)
		{
			case XACT_EVENT_PRE_PREPARE:
				if (s->written > 0 || s->by_hand)
					hash_seq_term(&scan);
				refuse_two_phase(s);
				break;
			case XACT_EVENT_ABORT:
				warn_about_rollback("the transaction", take_untold(s, 1));
				/* fall through */
			case XACT_EVENT_COMMIT:
			case XACT_EVENT_PREPARE:
				s->used = false;
				(void) take_untold(s, 1);
				s->written = 0;
				s->by_hand = false;
				if (!in_use(s) && (!s->keep || s->invalidated))
					close_session(s);
				break;
			default:
				break;
		}
	}
}

/* What a subtransaction wrote becomes its parent's, or is told of. */
static void
end_of_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	HASH_SEQ_STATUS scan;
	ScyllaSession *s;

	if (sessions != NULL && event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		close_kept_writes_of_all(level);
	if (sessions == NULL || (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB))
		return;
	hash_seq_init(&scan, sessions);
	while ((s = hash_seq_search(&scan)) != NULL)
	{
		uint64		rows = take_untold(s, level);

		if (event == SUBXACT_EVENT_ABORT_SUB)
			warn_about_rollback("a subtransaction", rows);
		else if (rows > 0)
			s->untold[level - 1] += rows;
	}
}

/* Catalogs changed: what is in use goes on to the end of its transaction. */
static void
invalidate(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS scan;
	ScyllaSession *s;

	hash_seq_init(&scan, sessions);
	while ((s = hash_seq_search(&scan)) != NULL)
	{
		uint32		hash = cacheid == FOREIGNSERVEROID ?
			GetSysCacheHashValue1(FOREIGNSERVEROID, ObjectIdGetDatum(s->serverid)) :
			GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(s->key.umid));

		if (s->client != NULL && (hashvalue == 0 || hash == hashvalue))
			s->invalidated = true;
	}
}

static void
init_sessions(void)
{
	static HTAB *created = NULL;	/* what was done before memory ran out is not done again */
	static bool registered = false;
	HASHCTL		ctl = {.keysize = sizeof(ScyllaSessionKey), .entrysize = sizeof(ScyllaSession)};

	if (sessions != NULL)
		return;
	if (created == NULL)
		created = hash_create("scylla_fdw sessions", 8, &ctl, HASH_ELEM | HASH_BLOBS);
	if (!registered)
		RegisterXactCallback(end_of_transaction, NULL);
	registered = true;
	RegisterSubXactCallback(end_of_subtransaction, NULL);
	sessions = created;			/* nothing below can run out of memory */
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, invalidate, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, invalidate, (Datum) 0);
	/* not before_shmem_exit: the abort that comes before still needs the clients */
	on_proc_exit(close_all_at_exit, 0);
}

/* ---- opening ---- */

/* As postgres_fdw: who is not superuser must not borrow the server's own identity. */
static bool
must_use_password(const ScyllaConnectionOptions *o, Oid userid)
{
	if (!o->password_required || superuser_arg(userid))
		return false;
	if (o->password == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
				 errmsg("password is required"),
				 errdetail("Non-superusers must provide a password in the user mapping.")));
	return true;
}

static char *
to_utf8(char *text)
{
	return text ? pg_server_to_any(text, strlen(text), PG_UTF8) : NULL;
}

/* What may run out of memory comes first: the session has a client and all that belongs to it, or nothing. */
static void
open_session(ScyllaSession *s, ForeignServer *server, UserMapping *mapping, const ScyllaConnectionOptions *o)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw session", ALLOCSET_SMALL_SIZES);
	ClientConfig config = {0};
	char		error[256];

	config.contact = o->contact;
	config.ncontacts = o->ncontacts;
	config.local_dc = to_utf8(o->local_dc);
	config.username = to_utf8(o->username);
	config.password = to_utf8(o->password);
	config.protocol_version = o->protocol_version;
	config.lz4 = o->lz4;
	config.connect_timeout_ms = (uint32_t) o->connect_timeout;
	config.max_in_flight = (uint32_t) o->max_in_flight;
	config.require_auth = s->key.require_auth;

	if (!acquire_descriptors())
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("could not connect to server \"%s\"", server->servername),
				 errdetail("There are too many open files on the local server."),
				 errhint("Raise the server's max_files_per_process and/or \"ulimit -n\" limits.")));
	s->client = client_open(&config, error, sizeof(error));
	if (s->client == NULL)
	{
		release_descriptors(CLIENT_DESCRIPTORS);
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("could not start the client of server \"%s\": %s", server->servername, error)));
	}
	MemoryContextSetParent(context, CacheMemoryContext);
	s->context = context;
	s->serverid = server->serverid;
	s->userid = mapping->userid;
	s->keep = o->keep_connections;
	s->invalidated = false;
	s->next_statement = 1;
	s->schema_version = 0;
}

void
scyllaSchemaChanged(ScyllaSession *s)
{
	s->schema++;
	ResetPlanCache();			/* plans are made by what tables were like */
}

/* Statements may still be in use by open scans: their memory goes when the session is used by nobody. */
void
scyllaForgetSchema(ScyllaSession *s)
{
	scyllaSchemaChanged(s);
	s->forgotten |= s->statements != NULL;
	s->statements = NULL;
}

/* Somebody has changed tables since the last statement, or may have. */
static void
notice_schema_changes(ScyllaSession *s)
{
	uint32		version = client_schema_version(s->client);

	if (version != s->schema_version)
		scyllaSchemaChanged(s);
	s->schema_version = version;
}

/* Between uses a session may be closed, or emptied of what nobody needs any more. */
static void
tidy_session(ScyllaSession *s)
{
	if (s->client != NULL && s->invalidated && !in_use(s))
		close_session(s);
	else if (s->forgotten && !in_use(s))
		release_forgotten(s);
}

static ScyllaSession *
look_up_session(Oid userid, Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);
	UserMapping *mapping = GetUserMapping(userid, serverid);
	ScyllaConnectionOptions *o = scyllaConnectionOptions(server, mapping);
	ScyllaSessionKey key = {mapping->umid, must_use_password(o, userid)};
	ScyllaSession *s;
	bool		found;

	init_sessions();
	s = hash_search(sessions, &key, HASH_ENTER, &found);
	if (!found)
	{
		memset((char *) s + sizeof(s->key), 0, sizeof(*s) - sizeof(s->key));
		dlist_init(&s->writers);
	}
	tidy_session(s);
	if (s->client == NULL)
		open_session(s, server, mapping, o);
	return s;
}

ScyllaSession *
scyllaGetSession(Oid userid, Oid serverid)
{
	static struct
	{
		Oid			userid;
		Oid			serverid;
		uint64		epoch;
		ScyllaSession *session;
	}			last = {0};
	uint64		epoch = scyllaEpoch();

	if (last.session != NULL && last.userid == userid && last.serverid == serverid && last.epoch == epoch)
		tidy_session(last.session);
	if (last.session == NULL || last.session->client == NULL || last.userid != userid || last.serverid != serverid ||
		last.epoch != epoch)
	{
		last.session = NULL;
		last.session = look_up_session(userid, serverid);
		last.userid = userid;
		last.serverid = serverid;
		last.epoch = epoch;
	}
	notice_schema_changes(last.session);
	last.session->used = true;
	return last.session;
}

/* ---- pipelines ---- */

void
scyllaAbandonPipeline(ScyllaPipeline *p)
{
	if (p->core == NULL)
		return;
	p->session->open_pipelines--;
	if (p->session->client != NULL) /* not after the exit callback */
		pipeline_abandon(p->core);
	p->core = NULL;
}

static void
abandon_pipeline(void *arg)
{
	scyllaAbandonPipeline(arg);
}

ScyllaPipeline *
scyllaOpenPipeline(ScyllaSession *session, uint32 requests, size_t bytes)
{
	ScyllaPipeline *p = palloc0(sizeof(*p));
	PipelineLimit limit = {requests, bytes};

	p->session = session;
	p->callback.func = abandon_pipeline;
	p->callback.arg = p;
	p->core = pipeline_open(session->client, &limit);
	if (p->core == NULL)
		scyllaRaiseOutOfMemory();
	session->open_pipelines++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &p->callback);
	return p;
}

void
scyllaClosePipeline(ScyllaPipeline *p)
{
	if (p->core == NULL)
		return;
	pipeline_close(p->core);
	p->core = NULL;
	p->session->open_pipelines--;
}

/* ---- writers ---- */

void
scyllaDrainWriters(const ScyllaSession *session, const ScyllaWriter *except)
{
	List	   *writing = writing_sessions(session->serverid);
	ListCell   *lc;

	foreach(lc, writing)
	{
		dlist_iter	iter;

		dlist_foreach(iter, &((ScyllaSession *) lfirst(lc))->writers)
		{
			ScyllaWriter *writer = dlist_container(ScyllaWriter, node, iter.cur);

			if (writer != except)
				writer->drain(writer);
		}
	}
	list_free(writing);
}

uint64
scyllaWrittenByStatement(const ScyllaSession *session, const ScyllaWriter *writer)
{
	uint64		rows = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &unconstify(ScyllaSession *, session)->writers)
	{
		const ScyllaWriter *other = dlist_container(ScyllaWriter, node, iter.cur);

		if (other == writer || (writer->statement != NULL && other->statement == writer->statement))
			rows += *other->written;
	}
	return rows;
}

void
scyllaCountWritten(ScyllaSession *s, int level, uint64 rows)
{
	if (level >= s->levels)
	{
		Size		size = (level + 8) * sizeof(uint64);

		s->untold = s->untold ? repalloc(s->untold, size) : MemoryContextAlloc(TopMemoryContext, size);
		memset(s->untold + s->levels, 0, size - s->levels * sizeof(uint64));
		s->levels = level + 8;
	}
	s->written += rows;
	s->acknowledged += rows;
	s->untold[level] += rows;
}

void
scyllaToldWritten(ScyllaSession *s, int level, uint64 rows)
{
	if (level < s->levels)
		s->untold[level] -= Min(rows, s->untold[level]);
}

/* ---- SQL functions ---- */

void
scyllaListSessions(ReturnSetInfo *result)
{
	HASH_SEQ_STATUS scan;
	ScyllaSession *s;

	if (sessions == NULL)
		return;
	hash_seq_init(&scan, sessions);
	while ((s = hash_seq_search(&scan)) != NULL)
	{
		ForeignServer *server;
		Datum		values[4];
		bool		nulls[4] = {false};

		if (s->client == NULL)
			continue;
		/* a server dropped in this transaction has no name any more */
		server = GetForeignServerExtended(s->serverid, FSV_MISSING_OK);
		nulls[0] = server == NULL;
		if (server)
			values[0] = CStringGetTextDatum(server->servername);
		nulls[1] = s->userid != InvalidOid && GetUserNameFromId(s->userid, true) == NULL;
		if (!nulls[1])
			values[1] = CStringGetTextDatum(s->userid == InvalidOid ? "public" : GetUserNameFromId(s->userid, true));
		values[2] = BoolGetDatum(!s->invalidated);
		values[3] = BoolGetDatum(in_use(s));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* A server dropped in this transaction has no name any more. */
static void
warn_about_use(const ScyllaSession *s)
{
	ForeignServer *server = GetForeignServerExtended(s->serverid, FSV_MISSING_OK);

	if (server == NULL)
		ereport(WARNING, (errmsg("cannot close dropped server connection because it is still in use")));
	else
		ereport(WARNING,
				(errmsg("cannot close connections to server \"%s\" because they are still in use",
						server->servername)));
}

bool
scyllaDisconnect(Oid serverid)
{
	HASH_SEQ_STATUS scan;
	ScyllaSession *s;
	bool		closed = false;

	if (sessions == NULL)
		return false;
	hash_seq_init(&scan, sessions);
	while ((s = hash_seq_search(&scan)) != NULL)
	{
		if (s->client == NULL || (OidIsValid(serverid) && s->serverid != serverid))
			continue;
		if (in_use(s))
			warn_about_use(s);
		else
		{
			close_session(s);
			closed = true;
		}
	}
	return closed;
}
