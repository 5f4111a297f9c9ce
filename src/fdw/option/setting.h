/*
 * fdw/option/setting.h
 *	  Settings: scylla_fdw.*
 *
 * Backend thread. Those that beat options are looked at by option.c alone.
 */
#ifndef FDW_OPTION_SETTING_H
#define FDW_OPTION_SETTING_H

#include "postgres.h"

/* What is done about reads of whole tables that no statement asks for as such. */
typedef enum ScyllaFullScan
{
	SCYLLA_FULL_SCAN_ALLOW,
	SCYLLA_FULL_SCAN_WARN,
	SCYLLA_FULL_SCAN_REFUSE
} ScyllaFullScan;

extern int	scylla_full_scan;	/* ScyllaFullScan */
extern int	scylla_progress_interval;	/* s; 0 = off */
extern bool scylla_warn_on_rollback;
extern bool scylla_flush_at_transaction;	/* else at the end of each statement */
extern bool scylla_enable_join;
extern bool scylla_log_cql;		/* the text of each statement, once per execution */
extern bool scylla_delete_count;	/* a DELETE of whole ranges counts their rows before */
extern int	scylla_request_timeout; /* ms; 0: by options */
extern int	scylla_max_in_flight;	/* 0: by options */
extern int	scylla_ttl;			/* s; 0: never; -1: by options */
extern int64 scylla_write_timestamp;	/* microseconds since 1970; 0: the clock's */

/* NULL: by options. */
extern const char *scyllaConsistencySetting(void);

extern void scyllaDefineSettings(void);	/* from _PG_init */

#endif							/* FDW_OPTION_SETTING_H */
