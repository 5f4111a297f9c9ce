/*
 * fdw/json.h
 *	  CQL values as JSON, and json and jsonb columns.
 *
 * Backend thread. scyllaAppendJson is declared in fdw/typemap.h.
 */
#ifndef FDW_JSON_H
#define FDW_JSON_H

#include "fdw/typemap.h"

/* Sets encode and decode if c->basetype is json or jsonb. */
extern bool scyllaChooseJson(ScyllaConverter *c);

#endif							/* FDW_JSON_H */
