/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "store_user.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "privilege.h"
#include "whole_file.h"

/* What comes through the pipe is one of these bytes, and then the output, or the
   error's number and message.  */
enum answer
{
  ANSWER_OUTPUT,
  ANSWER_ERROR,
};

static const char child_name[] = "the process that works on the instances";

/* *IS_US: the instances are our own user's.  */
static int
look_at_owner (const char *state_dir, bool *is_us, struct vtpm_error **error)
{
  _cleanup_free_ char *path = NULL;
  struct stat status;

  if (asprintf (&path, "%s/instances", state_dir) < 0)
    return vtpm_error_set (error, ENOMEM, "%s", state_dir);
  if (lstat (path, &status) < 0)
    return errno == ENOENT
               ? vtpm_error_set_plain (error, ENOENT, "there are no instances in %s", state_dir)
               : vtpm_error_set (error, errno, "cannot look at %s", path);
  *is_us = status.st_uid == geteuid ();
  if (!*is_us && geteuid () != 0)
    return vtpm_error_set_plain (error, EPERM, "only root may work on %s", path);
  return 0;
}

int
vtpm_store_user_become (const char *state_dir, struct vtpm_error **error)
{
  struct vtpm_user user;
  bool is_us = false;

  if (look_at_owner (state_dir, &is_us, error) < 0)
    return -1;
  if (is_us)
    return 0;
  if (vtpm_user_find (VTPM_USER, &user, error) < 0 || vtpm_user_become (&user, error) < 0)
    return -1;
  /* Host keys may be in our memory, and supervisors have the same user.  */
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return vtpm_error_set (error, errno, "cannot keep others out of this process");
  return 0;
}

static int
write_whole (int fd, const void *data, size_t size)
{
  const uint8_t *bytes = data;

  while (size > 0)
    {
      ssize_t written = write (fd, bytes, size);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return -1;
      bytes += written;
      size -= (size_t) written;
    }
  return 0;
}

static int
answer_error (int fd, const struct vtpm_error *error)
{
  const char *message = vtpm_error_message (error);
  const uint8_t kind = ANSWER_ERROR;
  int errnum = vtpm_error_errnum (error);

  return write_whole (fd, &kind, 1) == 0 && write_whole (fd, &errnum, sizeof (errnum)) == 0
                 && write_whole (fd, message, strlen (message)) == 0
             ? 0
             : 1;
}

/* The child: the store's user without any privilege, until WORK is done.  */
static int
work_as_user (const char *state_dir, vtpm_store_work work, void *context, int fd)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes output = { 0 };
  _cleanup_error_ struct vtpm_error *error = NULL;
  const uint8_t kind = ANSWER_OUTPUT;

  if (vtpm_store_user_become (state_dir, &error) < 0 || work (context, &output, &error) < 0)
    return answer_error (fd, error);
  return write_whole (fd, &kind, 1) == 0 && write_whole (fd, output.data, output.size) == 0 ? 0 : 1;
}

static int
take_error (const struct vtpm_secret_bytes *answer, struct vtpm_error **error)
{
  int errnum;

  if (answer->size < sizeof (errnum))
    return vtpm_error_set_plain (error, EPROTO, "%s answered nonsense", child_name);
  memcpy (&errnum, answer->data, sizeof (errnum));
  return vtpm_error_set_plain (error, errnum, "%.*s", (int) (answer->size - sizeof (errnum)),
                               (const char *) answer->data + sizeof (errnum));
}

/* Reads until the child closes its end.  */
static int
read_answer (int fd, struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes answer = { 0 };
  uint8_t kind = ANSWER_OUTPUT;
  ssize_t got;

  do
    got = read (fd, &kind, 1);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return vtpm_error_set (error, errno, "cannot read from %s", child_name);
  if (vtpm_whole_file_read (fd, VTPM_STORE_OUTPUT_MAX, child_name, &answer, error) < 0)
    return -1;
  if (kind != ANSWER_OUTPUT)
    return take_error (&answer, error);
  *output = vtpm_secret_bytes_steal (&answer);
  return 0;
}

/* Half an output is none: the child has to end well, too.  */
static int
await_child (pid_t pid, struct vtpm_error **error)
{
  int status;

  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return vtpm_error_set (error, errno, "cannot wait for %s", child_name);
  if (status != 0)
    return vtpm_error_set_plain (error, EPROTO, "%s ended with wait status %#x", child_name,
                                 (unsigned int) status);
  return 0;
}

int
vtpm_store_user_run (const char *state_dir, vtpm_store_work work, void *context,
                     struct vtpm_secret_bytes *output, struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes answer = { 0 };
  _cleanup_close_ int from = -1;
  int ends[2], result;
  pid_t pid;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return vtpm_error_set (error, errno, "cannot make a pipe");
  from = ends[0];
  pid = fork ();
  if (pid == 0)
    _exit (work_as_user (state_dir, work, context, ends[1]));
  close (ends[1]);
  if (pid < 0)
    return vtpm_error_set (error, errno, "cannot fork");
  result = read_answer (from, &answer, error);
  /* One that still writes must not wait for us while we wait for it.  */
  vtpm_cleanup_close (&from);
  if (await_child (pid, result == 0 ? error : NULL) < 0 || result < 0)
    return -1;
  *output = vtpm_secret_bytes_steal (&answer);
  return 0;
}
