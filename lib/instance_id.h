/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_INSTANCE_ID_H
#define OCI_VTPM_INSTANCE_ID_H

/*
 * What an instance that is kept is called: a scope and a name.  Both become
 * directories: <state directory>/instances/<scope>/<name>/.
 *
 * A named instance has the name that an annotation gives it and a scope that no
 * annotation can choose: "local", or in Kubernetes the pod's namespace.  An
 * instance without a name is kept under its container's id, and one that still
 * waits for a container under a name of its own (pool_list.h), in scopes whose
 * names no namespace can have.
 */

#include <stdbool.h>

#include "error.h"

#define VTPM_SCOPE_LOCAL "local"
#define VTPM_SCOPE_CONTAINER "_container"
#define VTPM_SCOPE_POOL "_pool"

#define VTPM_SCOPE_MAX 63
#define VTPM_INSTANCE_NAME_MAX 254 /* as long as a container's id may be */

struct vtpm_instance_id
{
  char scope[VTPM_SCOPE_MAX + 1];
  char name[VTPM_INSTANCE_NAME_MAX + 1];
};

/* Room for what vtpm_instance_id_format writes.  */
#define VTPM_INSTANCE_ID_TEXT_SIZE (VTPM_SCOPE_MAX + 1 + VTPM_INSTANCE_NAME_MAX + 1)

/* Parses "SCOPE/NAME", or "NAME" for the scope "local", and checks both: a
   scope is VTPM_SCOPE_CONTAINER, VTPM_SCOPE_POOL or a name of a namespace
   ([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?), a name
   [a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?, or in the scope VTPM_SCOPE_CONTAINER a
   container's id (names.h).  */
int vtpm_instance_id_parse (const char *text, struct vtpm_instance_id *id,
                            struct vtpm_error **error);

/* The instance of a container that names none.  Checks the container's id.  */
int vtpm_instance_id_of_container (const char *container_id, struct vtpm_instance_id *id,
                                   struct vtpm_error **error);

/* "SCOPE/NAME".  Returns BUFFER.  */
char *vtpm_instance_id_format (const struct vtpm_instance_id *id,
                               char buffer[VTPM_INSTANCE_ID_TEXT_SIZE]);

bool vtpm_instance_id_equal (const struct vtpm_instance_id *one,
                             const struct vtpm_instance_id *other);

#endif
