/*
 * fdw/option/tls.h
 *	  What options about TLS mean together.
 *
 * Backend thread. What contradicts raises.
 */
#ifndef FDW_OPTION_TLS_H
#define FDW_OPTION_TLS_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "pipeline/client.h"

/* Of a server's options, sslmode as it is given, or meant where it is not. */
extern NetSslMode scyllaSslMode(List *server);

/* Of a server's options, among themselves. */
extern void scyllaCheckTls(List *server);

/* Of both, before a session goes by them: a certificate and its key are of one place. true: of the mapping. */
extern bool scyllaCheckCertificate(List *server, List *mapping);

#endif							/* FDW_OPTION_TLS_H */
