/*
 * fdw/session/session.c
 *	  Clients of user mappings: opened late, kept, invalidated.
 *
 * Backend thread. Owns the hash of sessions and their clients. Invariants: a session
 * has a client and all that belongs to the client, or nothing; a session is closed or
 * emptied only between uses, so no statement ever sees it go.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "fdw/option/epoch.h"
#include "fdw/option/resolve.h"
#include "fdw/session/client_start.h"
#include "fdw/session/error.h"
#include "fdw/session/session.h"

static HTAB *sessions = NULL;
static ScyllaSession *all = NULL;	/* in the hash */

/* ---- closing ---- */

/* What is in its context. */
static void
forget_all(ScyllaSession *s)
{
	s->forgotten = false;
	s->statements = NULL;
	s->tables = NULL;
	s->ring = NULL;
	s->changes = (CqlReader) {0};
}

void
scyllaCloseSession(ScyllaSession *s)
{
	Client	   *client = s->client;

	if (client == NULL)
		return;
	Assert(!scyllaSessionInUse(s));
	s->client = NULL;
	forget_all(s);
	s->invalidated = false;
	MemoryContextDelete(s->context);	/* callbacks free what core memory it holds */
	s->context = NULL;
	FreeWaitEventSet(s->events);
	s->events = NULL;
	scyllaReleaseDescriptors(&s->descriptors);
	(void) client_close(client, SCYLLA_CLOSE_TIMEOUT);
}

/* Nobody holds a statement or a table's description now. */
static void
release_forgotten(ScyllaSession *s)
{
	Assert(!scyllaSessionInUse(s));
	forget_all(s);
	MemoryContextReset(s->context);
}

bool
scyllaSessionInUse(const ScyllaSession *s)
{
	return s->used || !dlist_is_empty(&unconstify(ScyllaSession *, s)->pipelines);
}

static void
close_all_at_exit(int code, Datum arg)
{
	for (ScyllaSession *s = all; s != NULL; s = s->next)
	{
		if (s->client != NULL)
			(void) client_close(s->client, SCYLLA_CLOSE_TIMEOUT);
		s->client = NULL;
	}
}

/* ---- uses and invalidation ---- */

ScyllaSession *
scyllaSessions(void)
{
	return all;
}

void
scyllaReleaseSession(ScyllaSession *s)
{
	s->used = false;
	if (!scyllaSessionInUse(s) && (!s->keep || s->invalidated))
		scyllaCloseSession(s);
}

/*
 * Catalogs changed: what is in use goes on to the end of its transaction. Nothing
 * may be looked up here: this may be in the midst of a look-up, or of an abort.
 */
static void
invalidate(Datum arg, int cacheid, uint32 hashvalue)
{
	for (ScyllaSession *s = all; s != NULL; s = s->next)
	{
		uint32		hash = cacheid == FOREIGNSERVEROID ? s->server_hash : s->mapping_hash;

		if (s->client != NULL && (hashvalue == 0 || hash == hashvalue))
			s->invalidated = true;
	}
}

static void
init_sessions(void)
{
	HASHCTL		ctl = {.keysize = sizeof(ScyllaSessionKey), .entrysize = sizeof(ScyllaSession)};

	if (sessions != NULL)
		return;
	sessions = hash_create("scylla_fdw sessions", 8, &ctl, HASH_ELEM | HASH_BLOBS);
	/* from here on nothing can run out of memory */
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, invalidate, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, invalidate, (Datum) 0);
	/* not before_shmem_exit: the abort that comes before still needs the clients */
	on_proc_exit(close_all_at_exit, 0);
}

/* ---- opening ---- */

/* InvalidOid: everybody's. Whom the mapping was looked up for is what GetUserMapping tells. */
static Oid
owner_of_mapping(const UserMapping *mapping)
{
	HeapTuple	tuple = SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(mapping->umid));
	Oid			owner = mapping->userid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_user_mapping) GETSTRUCT(tuple))->umuser;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * As postgres_fdw: who is not superuser must not borrow the server's own identity. A
 * certificate on the server is that of all users.
 */
static bool
must_use_password(const ScyllaConnectionOptions *o, Oid userid)
{
	if (!o->password_required || superuser_arg(userid))
		return false;
	if (o->core.net.password == NULL && !o->core.net.cert_proves)
		ereport(ERROR,
				(errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
				 errmsg("password is required"),
				 errdetail("Non-superusers must provide a password in the user mapping."),
				 errhint("A superuser may set its option password_required to false, or give it a certificate (sslcert, sslkey) where connections are encrypted.")));
	return true;
}

/* What may run out of memory comes first: the session has a client and all that belongs to it, or nothing. */
static void
open_session(ScyllaSession *s, ForeignServer *server, UserMapping *mapping, const ScyllaConnectionOptions *o)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw session", ALLOCSET_SMALL_SIZES);
	Oid			owner = owner_of_mapping(mapping);

	s->server_hash = GetSysCacheHashValue1(FOREIGNSERVEROID, ObjectIdGetDatum(server->serverid));
	s->mapping_hash = GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(mapping->umid));
	s->invalidated = false;
	s->client = scyllaStartClient(server, o, s->key.require_auth, &s->descriptors, &s->events);
	MemoryContextSetParent(context, CacheMemoryContext);
	s->context = context;
	s->serverid = server->serverid;
	s->owner = owner;
	s->keep = o->keep_connections;
	s->max_in_flight = (int) o->core.max_in_flight;
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

/*
 * Somebody has changed tables since the last statement, or may have. Plans cost no request, and do not tell what they were made by:
 * all are made anew. What is known of tables stays, until someone is about to use it and asks scyllaChangedSince.
 */
static void
notice_schema_changes(ScyllaSession *s)
{
	uint32		version = client_schema_version(s->client);

	if (version != s->schema_version)
		ResetPlanCache();
	s->schema_version = version;
}

/* Between uses a session may be closed, or emptied of what nobody needs any more. */
static void
tidy_session(ScyllaSession *s)
{
	if (s->client != NULL && s->invalidated && !scyllaSessionInUse(s))
		scyllaCloseSession(s);
	else if (s->forgotten && !scyllaSessionInUse(s))
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
		dlist_init(&s->pipelines);
		s->next = all;
		all = s;
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
	scyllaTakeBackDescriptors(last.session->client, &last.session->descriptors);
	last.session->used = true;
	Assert(last.session->client != NULL && last.session->context != NULL);
	return last.session;
}

ScyllaSession *
scyllaFindSession(Oid userid, Oid serverid)
{
	UserMapping *mapping = GetUserMapping(userid, serverid);
	ScyllaConnectionOptions *o = scyllaConnectionOptions(GetForeignServer(serverid), mapping);
	ScyllaSessionKey key = {mapping->umid, must_use_password(o, userid)};
	ScyllaSession *s = sessions != NULL ? hash_search(sessions, &key, HASH_FIND, NULL) : NULL;

	return s != NULL && s->client != NULL ? s : NULL;
}

/* ---- pipelines ---- */

void
scyllaAbandonPipeline(ScyllaPipeline *p)
{
	if (p->core == NULL)
		return;
	dlist_delete(&p->node);
	if (p->session->client != NULL) /* not after the exit callback */
		pipeline_abandon(p->core);
	p->core = NULL;
}

void
scyllaAbandonPipelines(ScyllaSession *session)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &session->pipelines)
		scyllaAbandonPipeline(dlist_container(ScyllaPipeline, node, iter.cur));
}

static void
abandon_pipeline(void *arg)
{
	scyllaAbandonPipeline(arg);
}

ScyllaPipeline *
scyllaOpenPipeline(ScyllaSession *session, PipelineKind kind, uint32 requests, size_t bytes)
{
	ScyllaPipeline *p = palloc0(sizeof(*p));
	PipelineLimit limit = {requests, bytes};

	p->session = session;
	p->callback.func = abandon_pipeline;
	p->callback.arg = p;
	p->core = pipeline_open(session->client, kind, &limit);
	if (p->core == NULL)
		scyllaRaiseOutOfMemory();
	dlist_push_tail(&session->pipelines, &p->node);
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
	dlist_delete(&p->node);
}
