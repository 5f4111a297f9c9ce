/*
 * scylla_fdw.c
 *	  Table of contents: what PostgreSQL calls, and where it is done.
 *
 * Backend thread. A row's way through the layers is told in src/README.md.
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "fdw/admin/connections.h"
#include "fdw/admin/events.h"
#include "fdw/admin/nodes.h"
#include "fdw/admin/options.h"
#include "fdw/admin/query.h"
#include "fdw/check/changed.h"
#include "fdw/check/upsert.h"
#include "fdw/import/import.h"
#include "fdw/import/import_type.h"
#include "fdw/import/refresh.h"
#include "fdw/modify/conflict.h"
#include "fdw/modify/direct.h"
#include "fdw/modify/insert.h"
#include "fdw/modify/modify.h"
#include "fdw/modify/truncate.h"
#include "fdw/option/epoch.h"
#include "fdw/option/option_check.h"
#include "fdw/option/setting.h"
#include "fdw/plan/direct_plan.h"
#include "fdw/plan/join_plan.h"
#include "fdw/plan/modify_plan.h"
#include "fdw/plan/plan.h"
#include "fdw/plan/upper.h"
#include "fdw/read/analyze.h"
#include "fdw/read/scan.h"
#include "fdw/read/scan_async.h"
#include "fdw/session/transaction.h"

#define SCYLLA_FDW_VERSION "1.0.0"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(scylla_fdw_handler);
PG_FUNCTION_INFO_V1(scylla_fdw_validator);
PG_FUNCTION_INFO_V1(scylla_fdw_version);
PG_FUNCTION_INFO_V1(scylla_fdw_execute);
PG_FUNCTION_INFO_V1(scylla_fdw_query);
PG_FUNCTION_INFO_V1(scylla_fdw_udt_types);
PG_FUNCTION_INFO_V1(scylla_fdw_refresh);
PG_FUNCTION_INFO_V1(scylla_fdw_nodes);
PG_FUNCTION_INFO_V1(scylla_fdw_events);
PG_FUNCTION_INFO_V1(scylla_fdw_options);
PG_FUNCTION_INFO_V1(scylla_fdw_get_connections);
PG_FUNCTION_INFO_V1(scylla_fdw_disconnect);
PG_FUNCTION_INFO_V1(scylla_fdw_disconnect_all);

void
_PG_init(void)
{
	scyllaDefineSettings();
	scyllaWatchCatalogs();
	scyllaWatchChanges();
	scyllaWatchTransactions();
	scyllaInstallJoin();
	scyllaInstallUpsert();
}

Datum
scylla_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	/* planning scans */
	routine->GetForeignRelSize = scyllaGetForeignRelSize;
	routine->GetForeignPaths = scyllaGetForeignPaths;
	routine->IsForeignScanParallelSafe = scyllaIsForeignScanParallelSafe;
	routine->GetForeignPlan = scyllaGetForeignPlan;
	routine->ReparameterizeForeignPathByChild = scyllaReparameterizePath;
	routine->GetForeignUpperPaths = scyllaGetForeignUpperPaths;

	/* scans */
	routine->BeginForeignScan = scyllaBeginForeignScan;
	routine->IterateForeignScan = scyllaIterateForeignScan;
	routine->ReScanForeignScan = scyllaReScanForeignScan;
	routine->EndForeignScan = scyllaEndForeignScan;
	routine->ShutdownForeignScan = scyllaShutdownForeignScan;
	routine->EstimateDSMForeignScan = scyllaEstimateDSMForeignScan;
	routine->InitializeDSMForeignScan = scyllaInitializeDSMForeignScan;
	routine->ReInitializeDSMForeignScan = scyllaReInitializeDSMForeignScan;
	routine->InitializeWorkerForeignScan = scyllaInitializeWorkerForeignScan;
	routine->ExplainForeignScan = scyllaExplainForeignScan;

	routine->IsForeignPathAsyncCapable = scyllaIsForeignPathAsyncCapable;
	routine->ForeignAsyncRequest = scyllaForeignAsyncRequest;
	routine->ForeignAsyncConfigureWait = scyllaForeignAsyncConfigureWait;
	routine->ForeignAsyncNotify = scyllaForeignAsyncNotify;

	/* statistics */
	routine->AnalyzeForeignTable = scyllaAnalyzeForeignTable;

	/* INSERT, COPY, partition routing, UPDATE, DELETE */
	routine->AddForeignUpdateTargets = scyllaAddForeignUpdateTargets;
	routine->PlanForeignModify = scyllaPlanForeignModify;
	routine->IsForeignRelUpdatable = scyllaIsForeignRelUpdatable;
	routine->BeginForeignModify = scyllaBeginForeignModify;
	routine->ExecForeignInsert = scyllaExecForeignInsert;
	routine->ExecForeignBatchInsert = scyllaExecForeignBatchInsert;
	routine->GetForeignModifyBatchSize = scyllaGetForeignModifyBatchSize;
	routine->ExecForeignUpdate = scyllaExecForeignUpdate;
	routine->ExecForeignDelete = scyllaExecForeignDelete;
	routine->EndForeignModify = scyllaEndForeignModify;
	routine->BeginForeignInsert = scyllaBeginForeignInsert;
	routine->EndForeignInsert = scyllaEndForeignInsert;
	routine->ExplainForeignModify = scyllaExplainForeignModify;

	routine->PlanDirectModify = scyllaPlanDirectModify;
	routine->BeginDirectModify = scyllaBeginDirectModify;
	routine->IterateDirectModify = scyllaIterateDirectModify;
	routine->EndDirectModify = scyllaEndDirectModify;
	routine->ExplainDirectModify = scyllaExplainDirectModify;

	/* TRUNCATE */
	routine->ExecForeignTruncate = scyllaExecForeignTruncate;

	/* schemas */
	routine->ImportForeignSchema = scyllaImportForeignSchema;

	PG_RETURN_POINTER(routine);
}

Datum
scylla_fdw_validator(PG_FUNCTION_ARGS)
{
	scyllaValidateOptions(untransformRelOptions(PG_GETARG_DATUM(0)), PG_GETARG_OID(1));
	PG_RETURN_VOID();
}

Datum
scylla_fdw_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(SCYLLA_FDW_VERSION));
}

Datum
scylla_fdw_execute(PG_FUNCTION_ARGS)
{
	scyllaExecuteCql(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)));
	PG_RETURN_VOID();
}

Datum
scylla_fdw_query(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	scyllaQueryCql(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)),
				   (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
scylla_fdw_udt_types(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
		scyllaListUserTypes(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1)),
							PG_ARGISNULL(2) ? NULL : NameStr(*PG_GETARG_NAME(2)), (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
scylla_fdw_refresh(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	scyllaListChanges(PG_GETARG_OID(0), (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
scylla_fdw_nodes(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	scyllaListNodes(text_to_cstring(PG_GETARG_TEXT_PP(0)), (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
scylla_fdw_events(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	scyllaListEvents(text_to_cstring(PG_GETARG_TEXT_PP(0)), (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
scylla_fdw_options(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	scyllaListOptions((ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
scylla_fdw_get_connections(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	scyllaListConnections((ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

Datum
scylla_fdw_disconnect(PG_FUNCTION_ARGS)
{
	ForeignServer *server = GetForeignServerByName(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);

	PG_RETURN_BOOL(scyllaDisconnect(server->serverid));
}

Datum
scylla_fdw_disconnect_all(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(scyllaDisconnect(InvalidOid));
}
