/*
 * fdw/option/guard.c
 *	  Who may set an option.
 *
 * Backend thread. Owns nothing. Invariant: all options that an object has afterwards
 * are judged. So nobody alters an object in which there is an option that they may
 * not set; they may drop that option.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "fdw/option/guard.h"

/* As postgres_fdw: who is not superuser must not borrow the server's own identity. */
void
scyllaGuardPasswordRequired(const ScyllaOptionDef *def, const ScyllaOptionValue *value, int where)
{
	if (!value->boolean && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("password_required=false is superuser-only"),
				 errhint("User mappings with the password_required option set to false may only be created or modified by the superuser.")));
}

/* As postgres_fdw: a certificate in a user mapping does instead of a password. */
static void
refuse_in_mapping(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("sslcert and sslkey are superuser-only"),
			 errhint("User mappings with the sslcert or sslkey options set may only be created or modified by the superuser.")));
}

/* The files are read by the server, with its rights. */
void
scyllaGuardFile(const ScyllaOptionDef *def, const ScyllaOptionValue *value, int where)
{
	if (where == ON_MAPPING && !superuser())
		refuse_in_mapping();
	if (is_absolute_path(value->text) && !has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to name a file by option \"%s\"", def->name),
				 errdetail("Only roles with privileges of the \"pg_read_server_files\" role may create or alter a server that has this option.")));
}
