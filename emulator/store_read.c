/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "store_internal.h"

static int
read_whole (int fd, uint8_t *data, size_t size)
{
  size_t done = 0;

  while (done < size)
    {
      ssize_t got = pread (fd, data + done, size - done, (off_t) done);

      if (got < 0 && errno == EINTR)
        continue;
      if (got == 0)
        errno = EIO;
      if (got <= 0)
        return -1;
      done += (size_t) got;
    }
  return 0;
}

struct file
{
  uint8_t *data; /* NULL: there is none */
  size_t size;
};

static int
read_file (int dir_fd, const char *name, size_t limit, const char *what, struct file *file,
           struct vtpm_error **error)
{
  _cleanup_close_ int fd
      = openat (dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  _cleanup_free_ uint8_t *data = NULL;
  struct stat status;

  if (fd < 0 && errno == ENOENT)
    return 0;
  if (fd < 0 && (errno == ELOOP || errno == ENXIO))
    return vtpm_error_set_plain (error, VTPM_STATE_NOT_STATE, "%s: not a regular file", what);
  if (fd < 0 || fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot open %s", what);
  if (!S_ISREG (status.st_mode))
    return vtpm_error_set_plain (error, VTPM_STATE_NOT_STATE, "%s: not a regular file", what);
  file->size = (size_t) status.st_size;
  if (file->size > limit)
    return vtpm_error_set_plain (error, VTPM_STATE_NOT_STATE,
                                 "%s: %zu bytes are too many for such a file", what, file->size);
  data = malloc (file->size + 1);
  if (data == NULL || read_whole (fd, data, file->size) < 0)
    return vtpm_error_set (error, errno, "cannot read %s", what);
  file->data = vtpm_steal_pointer (&data);
  return 0;
}

static bool
is_there (int dir_fd, const char *name)
{
  struct stat status;

  return fstatat (dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Without a state: whether there never was one.  */
static int
check_never_used (int dir_fd, const char *prefix, struct vtpm_error **error)
{
  static const char *const traces[]
      = { VTPM_STORE_PREVIOUS, VTPM_STORE_PREVIOUS_NEW, VTPM_STORE_META };

  for (size_t i = 0; i < sizeof (traces) / sizeof (traces[0]); i++)
    if (is_there (dir_fd, traces[i]))
      return vtpm_error_set_plain (error, VTPM_STATE_MISSING,
                                   "%s" VTPM_STORE_STATE
                                   ": is missing, but %s is there; it is not made anew",
                                   prefix, traces[i]);
  return 0;
}

static int
read_meta (int dir_fd, const char *prefix, struct vtpm_store_content *content,
           struct vtpm_error **error)
{
  _cleanup_free_ char *what = NULL;
  struct file file = { 0 };
  int result = 0;

  if (asprintf (&what, "%s" VTPM_STORE_META, prefix) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot read " VTPM_STORE_META);
  if (read_file (dir_fd, VTPM_STORE_META, VTPM_STORE_META_SIZE, what, &file, error) < 0)
    return -1;
  if (file.data != NULL)
    {
      result = vtpm_store_meta_parse ((const char *) file.data, file.size, what, &content->meta,
                                      error);
      content->has_meta = result == 0;
    }
  free (file.data);
  return result;
}

static int
check_identity (const struct vtpm_store_content *content, const char *what,
                const struct vtpm_instance_id *id, struct vtpm_error **error)
{
  char found[VTPM_INSTANCE_ID_TEXT_SIZE], ours[VTPM_INSTANCE_ID_TEXT_SIZE];
  char uuid[VTPM_UUID_TEXT_SIZE], meta_uuid[VTPM_UUID_TEXT_SIZE];

  if (!vtpm_instance_id_equal (&content->header.id, id))
    return vtpm_error_set_plain (
        error, VTPM_STATE_FOREIGN, "%s: is the state of instance %s, not of %s", what,
        vtpm_instance_id_format (&content->header.id, found), vtpm_instance_id_format (id, ours));
  if (content->has_meta && memcmp (content->header.uuid, content->meta.uuid, VTPM_UUID_SIZE) != 0)
    return vtpm_error_set_plain (error, VTPM_STATE_FOREIGN,
                                 "%s: is of the instance with the uuid %s, not of %s", what,
                                 vtpm_uuid_format (content->header.uuid, uuid),
                                 vtpm_uuid_format (content->meta.uuid, meta_uuid));
  return 0;
}

/* 0 where there is no previous state, or none that says so: it is kept to look
   at, and its damage is no reason to refuse a good state.  */
static uint64_t
previous_generation (int dir_fd, const uint8_t uuid[VTPM_UUID_SIZE])
{
  struct vtpm_state_header header;
  struct file file = { 0 };
  uint64_t generation = 0;

  if (read_file (dir_fd, VTPM_STORE_PREVIOUS, VTPM_STATE_FILE_MAX, "", &file, NULL) == 0
      && file.data != NULL && vtpm_state_file_inspect (file.data, file.size, "", &header, NULL) == 0
      && memcmp (header.uuid, uuid, VTPM_UUID_SIZE) == 0)
    generation = header.generation;
  free (file.data);
  return generation;
}

static int
check_rollback (int dir_fd, const struct vtpm_store_content *content, const char *what,
                struct vtpm_error **error)
{
  uint64_t generation = content->header.generation;
  uint64_t previous = previous_generation (dir_fd, content->header.uuid);

  if (content->has_meta && generation < content->meta.generation)
    return vtpm_error_set_plain (error, VTPM_STATE_ROLLED_BACK,
                                 "%s: generation %" PRIu64 " is older than generation %" PRIu64
                                 ", which this instance has had",
                                 what, generation, content->meta.generation);
  if (generation <= previous)
    return vtpm_error_set_plain (error, VTPM_STATE_ROLLED_BACK,
                                 "%s: generation %" PRIu64 " is not newer than generation %" PRIu64
                                 " of " VTPM_STORE_PREVIOUS,
                                 what, generation, previous);
  return 0;
}

static int
read_state (int dir_fd, const char *what, struct vtpm_store_content *content,
            struct vtpm_error **error)
{
  struct file file = { 0 };
  int result = read_file (dir_fd, VTPM_STORE_STATE, VTPM_STATE_FILE_MAX, what, &file, error);

  content->file = file.data;
  content->size = file.size;
  content->has_state = file.data != NULL;
  if (result < 0 || file.data == NULL)
    return result;
  return vtpm_state_file_inspect (file.data, file.size, what, &content->header, error);
}

int
vtpm_store_read (int dir_fd, const char *prefix, const struct vtpm_instance_id *id,
                 struct vtpm_store_content *content, struct vtpm_error **error)
{
  _cleanup_error_ struct vtpm_error *meta_problem = NULL;
  _cleanup_free_ char *what = NULL;

  *content = (struct vtpm_store_content) { 0 };
  if (asprintf (&what, "%s" VTPM_STORE_STATE, prefix) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot read " VTPM_STORE_STATE);
  read_meta (dir_fd, prefix, content, &meta_problem);
  if (read_state (dir_fd, what, content, error) < 0)
    return -1;
  if (!content->has_state)
    return check_never_used (dir_fd, prefix, error);
  if (meta_problem != NULL)
    return vtpm_error_pass (error, &meta_problem);
  if (check_identity (content, what, id, error) < 0)
    return -1;
  return check_rollback (dir_fd, content, what, error);
}
