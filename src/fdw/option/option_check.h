/*
 * fdw/option/option_check.h
 *	  Which options an object may have.
 *
 * Backend thread. What is refused raises.
 */
#ifndef FDW_OPTION_OPTION_CHECK_H
#define FDW_OPTION_OPTION_CHECK_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* All options that an object of this catalog has afterwards: for CREATE and ALTER. */
extern void scyllaValidateOptions(List *options, Oid catalog);

/* Each for itself, at a place (ON_ bits of option_value.h). */
extern void scyllaCheckOptions(List *options, int where);

#endif							/* FDW_OPTION_OPTION_CHECK_H */
