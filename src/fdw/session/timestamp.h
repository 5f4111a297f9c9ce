/*
 * fdw/session/timestamp.h
 *	  When a row was written, as this client says.
 *
 * Backend thread.
 */
#ifndef FDW_SESSION_TIMESTAMP_H
#define FDW_SESSION_TIMESTAMP_H

#include "postgres.h"

/* Client timestamp of a row in microseconds: increasing per token in call order. */
extern int64 scyllaTimestamp(int64 token);

#endif							/* FDW_SESSION_TIMESTAMP_H */
