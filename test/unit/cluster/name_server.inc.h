/*
 * Names that the test makes up, in place of the C library's.
 */
#ifndef NAME_SERVER_INC_H
#define NAME_SERVER_INC_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

/* Answers of the name "nodes.example", in this order; NULL: no more. */
static const char *addresses[3];

int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo **end = out;

	*out = NULL;
	for (int i = 0; strcmp(host, "nodes.example") == 0 && i < 2 && addresses[i]; i++)
	{
		struct addrinfo *info = calloc(1, sizeof(*info));
		struct sockaddr_in *address = calloc(1, sizeof(*address));

		if (!info || !address)
			abort();			/* not the test's thread: no assertion */
		uv_ip4_addr(addresses[i], 0, address);
		info->ai_family = AF_INET;
		info->ai_addr = (struct sockaddr *) address;
		info->ai_addrlen = sizeof(*address);
		*end = info;
		end = &info->ai_next;
	}
	return *out ? 0 : EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *list)
{
	while (list)
	{
		struct addrinfo *next = list->ai_next;

		free(list->ai_addr);
		free(list);
		list = next;
	}
}

#endif							/* NAME_SERVER_INC_H */
