/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_POD_NAME_H
#define OCI_VTPM_POD_NAME_H

/* The pod that a container is in, as containerd and CRI-O tell it in the annotations that
   they write themselves.  */

#include <json-c/json.h>

#include "error.h"

struct vtpm_pod_name
{
  const char *namespace; /* of ANNOTATIONS; both NULL where there is no pod */
  const char *pod;
};

/* ANNOTATIONS may be NULL.  EINVAL: half a name, what is no name in Kubernetes, or two
   different ones.  */
int vtpm_pod_name_find (json_object *annotations, struct vtpm_pod_name *name,
                        struct vtpm_error **error);

#endif
