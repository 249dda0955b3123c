/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "new_tpm.h"

#include <limits.h>
#include <string.h>

#include "instance_setup.h"
#include "manufacture_process.h"
#include "pod_name.h"
#include "tpm_seed.h"

static int
make_uuid (struct vtpm_new_tpm *tpm, struct vtpm_error **error)
{
  uint8_t uuid[VTPM_UUID_SIZE];

  if (vtpm_uuid_make (uuid, error) < 0)
    return -1;
  vtpm_uuid_format (uuid, tpm->uuid);
  return 0;
}

/* Whom a certificate may name.  Not needed otherwise, so that nobody else is refused for a
   bad name.  */
static int
set_binding (const struct vtpm_oci_state *state, const char *uuid,
             struct vtpm_certificate_binding *binding, char host[HOST_NAME_MAX + 1],
             struct vtpm_error **error)
{
  struct vtpm_pod_name name;

  if (vtpm_pod_name_find (state->annotations, &name, error) < 0)
    return -1;
  if (gethostname (host, HOST_NAME_MAX) < 0)
    return vtpm_error_set (error, errno, "cannot get the host's name");
  host[HOST_NAME_MAX] = '\0';
  *binding = (struct vtpm_certificate_binding) {
    .uuid = uuid,
    .container = state->id,
    .namespace = name.namespace,
    .pod = name.pod,
    .host = host,
  };
  return 0;
}

static int
manufacture (const struct vtpm_new_tpm_request *request, vtpm_deadline deadline,
             struct vtpm_new_tpm *tpm, struct vtpm_error **error)
{
  const struct vtpm_spec *spec = request->spec;
  struct vtpm_manufacture_start start = {
    .spec = { .version = spec->version, .pcr_banks = spec->pcr_banks, .eks = spec->eks },
    .user = request->user,
  };
  struct vtpm_user ca_user;
  char host[HOST_NAME_MAX + 1];

  start.ca.user = &ca_user;
  if (spec->eks != 0
      && (vtpm_user_find (VTPM_CA_USER, &ca_user, error) < 0
          || set_binding (request->state, tpm->uuid, &start.ca.binding, host, error) < 0))
    return -1;
  return vtpm_manufacture_process_run (&start, deadline, &tpm->seed_fd, error);
}

/* Whether there is one in the pool, which the supervisor takes out.  */
static int
find_pooled (const struct vtpm_new_tpm_request *request, struct vtpm_new_tpm *tpm,
             struct vtpm_error **error)
{
  const struct vtpm_pool_kind kind = {
    .eks = request->spec->eks,
    .pcr_banks = request->spec->pcr_banks,
    .authority = request->config->authority,
  };
  _cleanup_pool_list_ struct vtpm_pool_list list = { 0 };
  const struct vtpm_pool_entry *entry;

  if (!request->may_be_pooled || request->spec->version != VTPM_TPM_2_0)
    return 0;
  if (vtpm_pool_list_read (request->config->state_dir, &list, error) < 0)
    return -1;
  entry = vtpm_pool_list_choose (&list, &kind);
  if (entry == NULL)
    return 0;
  strcpy (tpm->pooled, entry->name);
  strcpy (tpm->uuid, entry->uuid);
  return 0;
}

int
vtpm_new_tpm_prepare (const struct vtpm_new_tpm_request *request, vtpm_deadline deadline,
                      struct vtpm_new_tpm *tpm, struct vtpm_error **error)
{
  const struct vtpm_spec *spec = request->spec;
  bool made = spec->pcr_banks == 0 && spec->eks == 0;

  *tpm = (struct vtpm_new_tpm) { .seed_fd = -1 };
  if (make_uuid (tpm, error) < 0
      || (!made && !spec->ephemeral
          && vtpm_instance_has_state (request->config->state_dir, &spec->instance, &made, error)
                 < 0)
      || (!made && find_pooled (request, tpm, error) < 0))
    return -1;
  return made || tpm->pooled[0] != '\0' ? vtpm_tpm_seed_create_empty (&tpm->seed_fd, error)
                                        : manufacture (request, deadline, tpm, error);
}
