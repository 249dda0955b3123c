/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_POOL_WORK_H
#define OCI_VTPM_POOL_WORK_H

#include "host_config.h"
#include "pool_list.h"
#include "privilege.h"

/* Who does what: root for the processes and the host's key, see store_user.h.  */
struct vtpm_pool_worker
{
  const struct vtpm_host_config *config;
  struct vtpm_user user;    /* the supervisors' */
  struct vtpm_user ca_user; /* where there are keys to certify */
};

/* Makes the state directory if need be.  EKS: there will be keys to certify.  */
int vtpm_pool_worker_open (const struct vtpm_host_config *config, bool eks,
                           struct vtpm_pool_worker *worker, struct vtpm_error **error);

/* Makes one TPM, and puts it into the pool, encrypted and durably.  */
int vtpm_pool_worker_add (const struct vtpm_pool_worker *worker, const struct vtpm_pool_kind *kind,
                          struct vtpm_error **error);

/* Removes those that are not certified under AUTHORITY, or all (NULL).  *COUNT of them were
   removed; one that a container takes meanwhile is not.  */
int vtpm_pool_remove (const char *state_dir, const uint32_t *authority, unsigned int *count,
                      struct vtpm_error **error);

#endif
