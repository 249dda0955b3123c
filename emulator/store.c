/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store.h"

#include <string.h>
#include <sys/stat.h>

#include "store_internal.h"

static int
load (struct vtpm_store *store, const struct vtpm_store_content *content,
      const struct vtpm_host_keys *keys, struct vtpm_error **error)
{
  _cleanup_instance_key_ struct vtpm_instance_key key = { 0 };
  _cleanup_free_ char *what = NULL;

  if (asprintf (&what, "%s/" VTPM_STORE_STATE, store->place.path) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot read %s", store->place.path);
  if (vtpm_instance_key_choose (&content->header, keys, &key, error) < 0
      || vtpm_state_file_unseal (content->file, content->size, what, &key, &store->version,
                                 &store->permanent, &store->permanent_size, error)
             < 0)
    return -1;
  store->header = content->header;
  store->meta = content->meta;
  store->has_meta = content->has_meta;
  store->meta_due = true;
  return 0;
}

static int
set_no_instance (const struct vtpm_instance_id *id, struct vtpm_error **error)
{
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

  return vtpm_error_set_plain (error, ENOENT, "there is no instance %s",
                               vtpm_instance_id_format (id, instance));
}

/* A directory without a state and without a trace of one: a new instance, or
   one whose first start never came to its first commit.  */
static int
begin (struct vtpm_store *store, const struct vtpm_store_settings *settings,
       struct vtpm_error **error)
{
  if (!settings->create)
    return set_no_instance (&store->place.id, error);
  store->blank = true;
  store->header.id = store->place.id;
  if (settings->uuid == NULL)
    return vtpm_uuid_make (store->header.uuid, error);
  memcpy (store->header.uuid, settings->uuid, VTPM_UUID_SIZE);
  return 0;
}

static int
read_content (struct vtpm_store *store, const struct vtpm_store_settings *settings,
              struct vtpm_error **error)
{
  _cleanup_free_ char *prefix = NULL;
  struct vtpm_store_content content;
  int result;

  if (asprintf (&prefix, "%s/", store->place.path) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot read %s", store->place.path);
  result = vtpm_store_read (store->place.dir_fd, prefix, settings->id, &content, error);
  if (result == 0)
    result = content.has_state ? load (store, &content, settings->keys, error)
                               : begin (store, settings, error);
  free (content.file);
  return result;
}

int
vtpm_store_open (const struct vtpm_store_settings *settings, struct vtpm_store **store,
                 struct vtpm_error **error)
{
  _cleanup_store_ struct vtpm_store *made = calloc (1, sizeof (*made));

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot open %s", settings->state_dir);
  made->place = (struct vtpm_store_place) VTPM_STORE_NO_PLACE;
  made->calls = settings->calls != NULL ? settings->calls : &vtpm_store_kernel_calls;
  if (vtpm_store_place_open (settings->state_dir, settings->id, settings->create, settings->holder,
                             &made->place, error)
          < 0
      || read_content (made, settings, error) < 0
      || vtpm_instance_key_derive (settings->keys->key[0], made->header.uuid, &made->key, error)
             < 0)
    return -1;
  *store = vtpm_steal_pointer (&made);
  return 0;
}

void
vtpm_store_get_permanent (const struct vtpm_store *store, const uint8_t **permanent, size_t *size)
{
  *permanent = store->permanent;
  *size = store->permanent_size;
}

void
vtpm_store_forget_permanent (struct vtpm_store *store)
{
  if (store->permanent != NULL)
    explicit_bzero (store->permanent, store->permanent_size);
  free (store->permanent);
  store->permanent = NULL;
  store->permanent_size = 0;
}

int
vtpm_store_expect_version (struct vtpm_store *store, enum vtpm_tpm_version version,
                           struct vtpm_error **error)
{
  char instance[VTPM_INSTANCE_ID_TEXT_SIZE];

  if (store->blank)
    store->version = version;
  if (store->version != version)
    return vtpm_error_set_plain (
        error, VTPM_STATE_WRONG_VERSION, "instance %s has a TPM %s, not %s",
        vtpm_instance_id_format (&store->place.id, instance),
        vtpm_tpm_version_name (store->version), vtpm_tpm_version_name (version));
  return 0;
}

enum vtpm_tpm_version
vtpm_store_version (const struct vtpm_store *store)
{
  return store->version;
}

const struct vtpm_state_header *
vtpm_store_header (const struct vtpm_store *store)
{
  return &store->header;
}

/* Emptying the lock file sets its time, unless it was empty.  */
static void
note_last_use (int lock_fd)
{
  if (lock_fd < 0 || ftruncate (lock_fd, 0) < 0)
    return;
  futimens (lock_fd, NULL);
}

void
vtpm_store_close (struct vtpm_store *store)
{
  int saved_errno = errno;

  if (store == NULL)
    return;
  vtpm_store_undo (store, NULL);
  note_last_use (store->place.lock_fd);
  if (store->blank && vtpm_store_place_is_blank (&store->place))
    vtpm_store_place_remove (&store->place, NULL);
  vtpm_store_place_close (&store->place);
  vtpm_store_forget_permanent (store);
  vtpm_instance_key_wipe (&store->key);
  free (store);
  errno = saved_errno;
}
