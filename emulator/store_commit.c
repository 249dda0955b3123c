/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */

/*
 * A commit.  `state` goes from one complete generation to the next by a single
 * rename, and the one before it keeps a second name, state.previous.new, until
 * the directory is synced: putting that back is all it takes to undo.  Only
 * then does it replace state.previous, whose generation is therefore always
 * smaller than the one of `state`, whenever the power fails.
 *
 * The first commit writes meta.json after the state, since meta.json alone would
 * mean that a state is missing.  Later, meta.json comes first: it gets the
 * generation that is on disk already, which is true whether or not the commit
 * succeeds.
 */

#include <fcntl.h>
#include <string.h>

#include "store_internal.h"

static int
kernel_open (int dir_fd, const char *name, int flags, mode_t mode)
{
  return openat (dir_fd, name, flags, mode);
}

static int
kernel_link (int dir_fd, const char *from, const char *to)
{
  return linkat (dir_fd, from, dir_fd, to, 0);
}

static int
kernel_rename (int dir_fd, const char *from, const char *to)
{
  return renameat (dir_fd, from, dir_fd, to);
}

static int
kernel_unlink (int dir_fd, const char *name)
{
  return unlinkat (dir_fd, name, 0);
}

const struct vtpm_store_calls vtpm_store_kernel_calls = {
  .open = kernel_open,
  .write = write,
  .fsync = fsync,
  .link = kernel_link,
  .rename = kernel_rename,
  .unlink = kernel_unlink,
};

static int
set_cannot (const struct vtpm_store *store, const char *what, const char *name,
            struct vtpm_error **error)
{
  return vtpm_error_set (error, errno, "cannot %s %s/%s", what, store->place.path, name);
}

static int
rename_file (struct vtpm_store *store, const char *from, const char *to)
{
  return store->calls->rename (store->place.dir_fd, from, to);
}

/* That there is none is fine.  */
static int
unlink_file (struct vtpm_store *store, const char *name)
{
  return store->calls->unlink (store->place.dir_fd, name) < 0 && errno != ENOENT ? -1 : 0;
}

/* Removes what a failed commit would leave behind, and keeps errno.  */
static void
drop (struct vtpm_store *store, const char *name)
{
  int saved_errno = errno;

  unlink_file (store, name);
  errno = saved_errno;
}

static int
write_whole (struct vtpm_store *store, int fd, const uint8_t *data, size_t size)
{
  while (size > 0)
    {
      ssize_t written = store->calls->write (fd, data, size);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return -1;
      data += written;
      size -= (size_t) written;
    }
  return 0;
}

/* Makes a complete and synced file, or none.  */
static int
write_file (struct vtpm_store *store, const char *name, const void *data, size_t size,
            struct vtpm_error **error)
{
  _cleanup_close_ int fd
      = store->calls->open (store->place.dir_fd, name,
                            O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);

  if (fd < 0 || write_whole (store, fd, data, size) < 0 || store->calls->fsync (fd) < 0)
    {
      drop (store, name);
      return set_cannot (store, "write", name, error);
    }
  return 0;
}

/* The directory's own name, and its scope's, may be new: made by this process or
   by one that was killed since.  */
static int
sync_parents (struct vtpm_store *store, struct vtpm_error **error)
{
  if (store->calls->fsync (store->place.scope_fd) < 0
      || store->calls->fsync (store->place.instances_fd) < 0)
    return set_cannot (store, "sync", "..", error);
  return 0;
}

static int
write_meta (struct vtpm_store *store, uint64_t generation, struct vtpm_error **error)
{
  char text[VTPM_STORE_META_SIZE];
  size_t length;

  if (!store->has_meta)
    vtpm_store_meta_set_created (&store->meta);
  store->meta.id = store->place.id;
  memcpy (store->meta.uuid, store->header.uuid, VTPM_UUID_SIZE);
  store->meta.version = store->version;
  store->meta.generation = generation;
  length = vtpm_store_meta_format (&store->meta, text);
  if (write_file (store, VTPM_STORE_META_NEW, text, length, error) < 0)
    return -1;
  if (rename_file (store, VTPM_STORE_META_NEW, VTPM_STORE_META) < 0)
    {
      drop (store, VTPM_STORE_META_NEW);
      return set_cannot (store, "replace", VTPM_STORE_META, error);
    }
  if (store->calls->fsync (store->place.dir_fd) < 0)
    return set_cannot (store, "sync", VTPM_STORE_META, error);
  return 0;
}

/* An instance that was there when it was opened: what meta.json says of the last
   start is brought up to date.  The state that was read may not be on disk yet,
   if its writer was killed; meta.json must not get there before it.  */
static int
update_meta (struct vtpm_store *store, struct vtpm_error **error)
{
  if (store->calls->fsync (store->place.dir_fd) < 0)
    return set_cannot (store, "sync", VTPM_STORE_STATE, error);
  if (!store->has_meta && sync_parents (store, error) < 0)
    return -1;
  if (write_meta (store, store->header.generation, error) < 0)
    return -1;
  store->has_meta = true;
  store->meta_due = false;
  return 0;
}

static bool
is_first (const struct vtpm_store *store)
{
  return store->header.generation == 0;
}

int
vtpm_store_undo (struct vtpm_store *store, struct vtpm_error **error)
{
  int result;

  if (!store->undo_due)
    return 0;
  if (is_first (store))
    result = unlink_file (store, VTPM_STORE_META) < 0 ? -1 : unlink_file (store, VTPM_STORE_STATE);
  else
    result = rename_file (store, VTPM_STORE_PREVIOUS_NEW, VTPM_STORE_STATE);
  if (result < 0)
    return set_cannot (store, "undo a failed change of", VTPM_STORE_STATE, error);
  store->undo_due = false;
  /* If this fails, a power failure may bring the new state back: it is whole,
     and newer than any other.  */
  store->calls->fsync (store->place.dir_fd);
  return 0;
}

/* state.new becomes `state`.  On failure everything is as it was, or
   store->undo_due.  */
static int
put_in_place (struct vtpm_store *store, struct vtpm_error **error)
{
  if (rename_file (store, VTPM_STORE_STATE_NEW, VTPM_STORE_STATE) < 0)
    return set_cannot (store, "replace", VTPM_STORE_STATE, error);
  store->undo_due = true;
  if (store->calls->fsync (store->place.dir_fd) < 0)
    return set_cannot (store, "sync", VTPM_STORE_STATE, error);
  return 0;
}

static int
commit_first (struct vtpm_store *store, struct vtpm_error **error)
{
  if (put_in_place (store, error) < 0 || sync_parents (store, error) < 0
      || write_meta (store, 1, error) < 0)
    return -1;
  store->has_meta = true;
  store->undo_due = false;
  return 0;
}

static int
commit_next (struct vtpm_store *store, struct vtpm_error **error)
{
  if (unlink_file (store, VTPM_STORE_PREVIOUS_NEW) < 0
      || store->calls->link (store->place.dir_fd, VTPM_STORE_STATE, VTPM_STORE_PREVIOUS_NEW) < 0)
    return set_cannot (store, "make", VTPM_STORE_PREVIOUS_NEW, error);
  if (put_in_place (store, error) < 0)
    return -1;
  store->undo_due = false;
  /* The commit has happened.  If this fails, an older one stays the previous
     state, and the next commit tries again.  */
  rename_file (store, VTPM_STORE_PREVIOUS_NEW, VTPM_STORE_PREVIOUS);
  return 0;
}

/* Puts everything back after a failed commit.  */
static void
back_out (struct vtpm_store *store)
{
  if (store->undo_due)
    {
      vtpm_store_undo (store, NULL);
      return;
    }
  drop (store, VTPM_STORE_STATE_NEW);
  if (!is_first (store))
    drop (store, VTPM_STORE_PREVIOUS_NEW);
}

int
vtpm_store_commit (struct vtpm_store *store, const uint8_t *permanent, size_t size,
                   struct vtpm_error **error)
{
  struct vtpm_state_header next = store->header;
  _cleanup_free_ uint8_t *file = NULL;
  size_t file_size;

  next.generation++;
  memcpy (next.key_id, store->key.key_id, VTPM_KEY_ID_SIZE);
  if (vtpm_store_undo (store, error) < 0 || (store->meta_due && update_meta (store, error) < 0))
    return -1;
  if (vtpm_state_file_seal (&next, &store->key, store->version, permanent, size, &file, &file_size,
                            error)
      < 0)
    return vtpm_error_wrap (error, "%s", store->place.path);
  if (write_file (store, VTPM_STORE_STATE_NEW, file, file_size, error) < 0)
    return -1;
  if ((is_first (store) ? commit_first (store, error) : commit_next (store, error)) < 0)
    {
      back_out (store);
      return -1;
    }
  store->header = next;
  store->blank = false;
  return 0;
}
