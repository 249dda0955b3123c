/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_VTPM_SPEC_H
#define OCI_VTPM_VTPM_SPEC_H

/*
 * What a container asks for, from the annotations of its state.  In Kubernetes
 * any author of a pod writes these: every value is hostile until checked.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "instance_id.h"
#include "tpm_version.h"

#define VTPM_ANNOTATION_PREFIX "io.oci-vtpm."

struct vtpm_spec
{
  char device[16];           /* the node's name in the container, "tpm0" */
  char resource_manager[16]; /* "tpmrm0" with the same number */
  enum vtpm_tpm_version version;
  unsigned int pcr_banks;    /* manufacture_spec.h; 0: not asked for */
  unsigned int eks;          /* likewise */
  bool ephemeral;            /* nothing is kept, and there is no instance */
  struct vtpm_instance_id instance;
  uid_t uid; /* owner of the nodes as seen in the container */
  gid_t gid;
  mode_t mode;
};

/* ANNOTATIONS may be NULL.  *WANTED is false, and *SPEC not filled, when none
   is ours.  An unknown key under our prefix, a value we cannot honour, or keys
   of ours without `io.oci-vtpm.device` are errors: a typing mistake must never
   mean "no TPM".  Without a name the instance is left to be settled.  */
int vtpm_spec_from_annotations (json_object *annotations, bool *wanted, struct vtpm_spec *spec,
                                struct vtpm_error **error);

/* A container that neither names an instance nor asks for an ephemeral one has
   one of its own, which only its id can tell.  Checks the id.  */
int vtpm_spec_settle_instance (struct vtpm_spec *spec, const char *container_id,
                               struct vtpm_error **error);

#endif
