/*
 * fdw/type/json.h
 *	  CQL values as JSON, and json and jsonb columns.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_JSON_H
#define FDW_TYPE_JSON_H

#include "fdw/type/converter.h"

/* Sets encode and decode if c->basetype is json or jsonb. */
extern bool scyllaChooseJson(ScyllaConverter *c);

/*
 * The value as JSON text, in the forms that doc/types.md gives; a body
 * with len -1 is null. Malformed bytes raise ERRCODE_DATA_CORRUPTED.
 */
extern void scyllaAppendJson(StringInfo out, const CqlType *type, CqlBytes body);

#endif							/* FDW_TYPE_JSON_H */
