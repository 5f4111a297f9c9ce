/*
 * fdw/read/analyze.h
 *	  ANALYZE: a sample of a foreign table, and how large it is.
 *
 * Backend thread. The callbacks: see foreign/fdwapi.h for their contracts.
 */
#ifndef FDW_READ_ANALYZE_H
#define FDW_READ_ANALYZE_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern bool scyllaAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *func, BlockNumber *totalpages);

#endif							/* FDW_READ_ANALYZE_H */
