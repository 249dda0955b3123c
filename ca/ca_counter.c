/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_counter.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "whole_file.h"

/* Longer than the largest number.  */
#define TEXT_MAX 24

#define REMEDY "write a number to it that is larger than any that was used"

static int
create (int dir_fd, const char *name, const char *what, uint64_t number, struct vtpm_error **error)
{
  char text[TEXT_MAX];
  const struct vtpm_secret_bytes bytes = {
    .data = (uint8_t *) text,
    .size = (size_t) snprintf (text, sizeof (text), "%" PRIu64 "\n", number),
  };

  return vtpm_whole_file_create (dir_fd, name, 0600, NULL, &bytes, what, error);
}

int
vtpm_ca_counter_create (int dir_fd, const char *name, const char *what, uint64_t first,
                        struct vtpm_error **error)
{
  return create (dir_fd, name, what, first, error);
}

static int
damaged (const char *what, struct vtpm_error **error)
{
  return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: not one number; " REMEDY, what);
}

/* Digits and a line's end, nothing else: what is read gives the same text again.  */
static int
parse (const struct vtpm_secret_bytes *bytes, const char *what, uint64_t *number,
       struct vtpm_error **error)
{
  char text[TEXT_MAX + 1] = "", again[TEXT_MAX + 1];

  if (bytes->size > 0 && bytes->size < sizeof (text))
    memcpy (text, bytes->data, bytes->size);
  if (sscanf (text, "%" SCNu64, number) != 1)
    return damaged (what, error);
  snprintf (again, sizeof (again), "%" PRIu64 "\n", *number);
  if (strcmp (text, again) != 0 || strlen (text) != bytes->size || *number == 0
      || *number > VTPM_CA_COUNTER_MAX)
    return damaged (what, error);
  return 0;
}

static int
read_number (int dir_fd, const char *name, const char *what, uint64_t *number,
             struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };
  _cleanup_close_ int fd = openat (dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0 && errno == ENOENT)
    return vtpm_error_set_plain (error, ENOENT, "%s is missing; " REMEDY, what);
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", what);
  if (vtpm_whole_file_read (fd, TEXT_MAX, what, &bytes, error) < 0)
    return -1;
  return parse (&bytes, what, number, error);
}

int
vtpm_ca_counter_take (int dir_fd, const char *name, const char *what, uint64_t *number,
                      struct vtpm_error **error)
{
  char new_name[64];
  uint64_t taken;

  snprintf (new_name, sizeof (new_name), "%s.new", name);
  if (read_number (dir_fd, name, what, &taken, error) < 0)
    return -1;
  if (unlinkat (dir_fd, new_name, 0) < 0 && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot remove %s.new", what);
  if (create (dir_fd, new_name, what, taken + 1, error) < 0)
    return -1;
  if (renameat (dir_fd, new_name, dir_fd, name) < 0 || fsync (dir_fd) < 0)
    return vtpm_error_set (error, errno, "cannot replace %s", what);
  *number = taken;
  return 0;
}
