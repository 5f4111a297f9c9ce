/*
 * fdw/check/plain_password.h
 *	  Passwords that would travel where others can read them.
 *
 * Backend thread.
 */
#ifndef FDW_CHECK_PLAIN_PASSWORD_H
#define FDW_CHECK_PLAIN_PASSWORD_H

#include "postgres.h"

/*
 * The server to which a password would be sent without encryption over a network,
 * as catalogs have it now: a user mapping's, or, of a server, any of its mappings'.
 * InvalidOid: there is none, or the object is not there, or none of ours.
 */
extern Oid	scyllaExposedServer(Oid class_id, Oid object_id);

extern void scyllaWarnOfPlainPassword(Oid server);

#endif							/* FDW_CHECK_PLAIN_PASSWORD_H */
