/*
 * fdw/option/setting.h
 *	  Settings: scylla_fdw.*
 *
 * Backend thread. Those that override options are looked at by option.c alone.
 */
#ifndef FDW_OPTION_SETTING_H
#define FDW_OPTION_SETTING_H

#include "postgres.h"

#include "utils/guc.h"

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
extern bool scylla_warnings;	/* those of the cluster are told */
extern bool scylla_log_cql;		/* the text of each statement, once per execution */
extern bool scylla_delete_count;	/* a DELETE of whole ranges counts their rows before */
extern int	scylla_consistency; /* CqlConsistency; -1: by options */
extern int	scylla_request_timeout; /* ms; 0: by options */
extern int	scylla_max_in_flight;	/* 0: by options */
extern int	scylla_ttl;			/* s; 0: never; -1: by options */
extern int64 scylla_write_timestamp;	/* microseconds since 1970; 0: the clock's */

/* A row of the table in setting.c, which is all that a setting is. */
typedef struct ScyllaSetting
{
	const char *name;
	int		   *number;			/* one of these four has its value */
	bool	   *boolean;
	int		   *word;
	char	  **text;
	int			otherwise;		/* the default of the first three */
	const char *otherwise_text;
	int			min;			/* of a number */
	int			max;
	int			flags;			/* GUC_, its unit among them */
	bool		guarded;		/* only superusers set it, and those whom they let */
	const struct config_enum_entry *words;
	const char *valid;			/* values of a text, in words */
	GucStringCheckHook check;	/* of a text */
	GucStringAssignHook assign_text;
	GucIntAssignHook assign_number;
	GucEnumAssignHook assign_word;
	const char *meaning;
	const char *more;			/* NULL: no more is to be said */
} ScyllaSetting;

extern const ScyllaSetting *scyllaSettings(int *n);

/* In words, for scylla_fdw_options. */
extern const char *scyllaSettingDefault(const ScyllaSetting *setting);
extern const char *scyllaSettingValues(const ScyllaSetting *setting);

extern void scyllaDefineSettings(void); /* from _PG_init */

#endif							/* FDW_OPTION_SETTING_H */
