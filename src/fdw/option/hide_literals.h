/*
 * fdw/option/hide_literals.h
 *	  CQL that somebody wrote, without the values in it: for the log, and for errors.
 *
 * Backend thread.
 */
#ifndef FDW_OPTION_HIDE_LITERALS_H
#define FDW_OPTION_HIDE_LITERALS_H

#include "postgres.h"

/* The same text with ? in place of each literal, and without comments. In UTF-8 or the database's encoding; palloc'd. */
extern char *scyllaHideLiterals(const char *cql);

#endif							/* FDW_OPTION_HIDE_LITERALS_H */
