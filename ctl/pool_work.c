/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "pool_work.h"

#include <limits.h>
#include <string.h>

#include "base_dirs.h"
#include "host_key_access.h"
#include "manufacture_process.h"
#include "store.h"
#include "store_user.h"
#include "tpm_seed.h"

int
vtpm_pool_worker_open (const struct vtpm_host_config *config, bool eks,
                       struct vtpm_pool_worker *worker, struct vtpm_error **error)
{
  *worker = (struct vtpm_pool_worker) { .config = config };
  if (geteuid () != 0)
    return vtpm_error_set_plain (error, EPERM, "only root can make TPMs");
  if (vtpm_user_find (VTPM_USER, &worker->user, error) < 0
      || (eks && vtpm_user_find (VTPM_CA_USER, &worker->ca_user, error) < 0))
    return -1;
  return vtpm_base_dirs_make_state (config->state_dir, &worker->user, error);
}

/* The pool does not know for whom it is.  */
static int
manufacture (const struct vtpm_pool_worker *worker, const struct vtpm_pool_entry *entry,
             int *seed_fd, struct vtpm_error **error)
{
  char host[HOST_NAME_MAX + 1] = "";
  const struct vtpm_manufacture_start start = {
    .spec = {
      .version = VTPM_TPM_2_0,
      .pcr_banks = entry->kind.pcr_banks,
      .eks = entry->kind.eks,
    },
    .user = &worker->user,
    .ca = { .user = &worker->ca_user, .binding = { .uuid = entry->uuid, .host = host } },
  };

  if (gethostname (host, HOST_NAME_MAX) < 0)
    return vtpm_error_set (error, errno, "cannot get the host's name");
  return vtpm_manufacture_process_run (
      &start, vtpm_deadline_after_seconds (worker->config->start_timeout), seed_fd, error);
}

struct keeping
{
  const char *state_dir;
  const struct vtpm_pool_entry *entry;
  const struct vtpm_host_keys *keys;
  int seed_fd;
};

/* In the child that has left root behind.  */
static int
keep (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  const struct keeping *keeping = context;
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  _cleanup_store_ struct vtpm_store *store = NULL;
  struct vtpm_instance_id id = { .scope = VTPM_SCOPE_POOL };
  uint8_t uuid[VTPM_UUID_SIZE];
  const struct vtpm_store_settings settings = {
    .state_dir = keeping->state_dir,
    .id = &id,
    .keys = keeping->keys,
    .holder = "vtpmctl pool fill",
    .create = true,
    .uuid = uuid,
  };

  (void) output;
  strcpy (id.name, keeping->entry->name);
  if (vtpm_uuid_parse (keeping->entry->uuid, uuid, error) < 0
      || vtpm_tpm_seed_read (keeping->seed_fd, &permanent, error) < 0
      || vtpm_store_open (&settings, &store, error) < 0
      || vtpm_store_expect_version (store, VTPM_TPM_2_0, error) < 0)
    return -1;
  return vtpm_store_commit (store, permanent.data, permanent.size, error);
}

int
vtpm_pool_worker_add (const struct vtpm_pool_worker *worker, const struct vtpm_pool_kind *kind,
                      struct vtpm_error **error)
{
  const struct vtpm_host_config *config = worker->config;
  _cleanup_secret_bytes_ struct vtpm_secret_bytes nothing = { 0 };
  _cleanup_host_keys_ struct vtpm_host_keys keys = { 0 };
  _cleanup_close_ int seed_fd = -1;
  _cleanup_close_ int hold_fd = -1;
  struct vtpm_pool_entry entry;
  struct keeping keeping = { .state_dir = config->state_dir, .entry = &entry, .keys = &keys };
  uint8_t uuid[VTPM_UUID_SIZE];
  char text[VTPM_UUID_TEXT_SIZE];

  if (vtpm_uuid_make (uuid, error) < 0)
    return -1;
  vtpm_pool_entry_make (kind, vtpm_uuid_format (uuid, text), &entry);
  if (manufacture (worker, &entry, &seed_fd, error) < 0
      || vtpm_host_key_access (config, &keys, &hold_fd, error) < 0)
    return -1;
  keeping.seed_fd = seed_fd;
  return vtpm_store_user_run (config->state_dir, keep, &keeping, &nothing, error);
}

struct removal
{
  const char *state_dir;
  const uint32_t *authority;
};

static int
remove_one (const char *state_dir, const char *name, unsigned int *count,
            struct vtpm_error **error)
{
  struct vtpm_instance_id id = { .scope = VTPM_SCOPE_POOL };
  _cleanup_error_ struct vtpm_error *problem = NULL;

  snprintf (id.name, sizeof (id.name), "%s", name);
  if (vtpm_store_remove (state_dir, &id, &problem) == 0)
    {
      (*count)++;
      return 0;
    }
  if (vtpm_error_errnum (problem) == EBUSY || vtpm_error_errnum (problem) == ENOENT)
    return 0;
  return vtpm_error_pass (error, &problem);
}

/* Likewise in the child; the output is the number.  */
static int
remove_entries (void *context, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  const struct removal *removal = context;
  _cleanup_pool_list_ struct vtpm_pool_list list = { 0 };
  unsigned int count = 0;

  if (vtpm_pool_list_read (removal->state_dir, &list, error) < 0)
    return -1;
  for (size_t i = 0; i < list.count; i++)
    if ((removal->authority == NULL || list.entries[i].kind.authority != *removal->authority)
        && remove_one (removal->state_dir, list.entries[i].name, &count, error) < 0)
      return -1;
  output->data = malloc (sizeof (count));
  if (output->data == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot empty the pool");
  memcpy (output->data, &count, sizeof (count));
  output->size = sizeof (count);
  return 0;
}

int
vtpm_pool_remove (const char *state_dir, const uint32_t *authority, unsigned int *count,
                  struct vtpm_error **error)
{
  struct removal removal = { .state_dir = state_dir, .authority = authority };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes output = { 0 };
  _cleanup_error_ struct vtpm_error *problem = NULL;

  *count = 0;
  if (vtpm_store_user_run (state_dir, remove_entries, &removal, &output, &problem) < 0)
    return vtpm_error_errnum (problem) == ENOENT ? 0 : vtpm_error_pass (error, &problem);
  if (output.size == sizeof (*count))
    memcpy (count, output.data, sizeof (*count));
  return 0;
}
