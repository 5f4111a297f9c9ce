/*
 * fdw/type/json.h
 *	  CQL values as JSON, and json and jsonb columns.
 *
 * Backend thread. scyllaAppendJson is declared in fdw/type/typemap.h.
 */
#ifndef FDW_TYPE_JSON_H
#define FDW_TYPE_JSON_H

#include "fdw/type/typemap.h"

/* Sets encode and decode if c->basetype is json or jsonb. */
extern bool scyllaChooseJson(ScyllaConverter *c);

#endif							/* FDW_TYPE_JSON_H */
