/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ledger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define LABELS_MAX 16
#define LINE_MAX 128

struct entry
{
  char label[LEDGER_LABEL_MAX + 1];
  uint64_t number;
};

struct ledger
{
  const char *path;
  int fd;
  size_t count;
  struct entry entries[LABELS_MAX];
};

static struct entry *
find (const struct ledger *ledger, const char *label)
{
  for (size_t i = 0; i < ledger->count; i++)
    if (strcmp (ledger->entries[i].label, label) == 0)
      return (struct entry *) &ledger->entries[i];
  return NULL;
}

static int
remember (struct ledger *ledger, const char *label, uint64_t number, struct vtpm_error **error)
{
  struct entry *entry = find (ledger, label);

  if (entry == NULL)
    {
      if (ledger->count == LABELS_MAX)
        return vtpm_error_set_plain (error, ENOSPC, "%s: more than %d labels", ledger->path,
                                     LABELS_MAX);
      entry = &ledger->entries[ledger->count++];
      snprintf (entry->label, sizeof (entry->label), "%s", label);
    }
  entry->number = number;
  return 0;
}

static int
read_lines (struct ledger *ledger, FILE *stream, struct vtpm_error **error)
{
  char line[LINE_MAX];

  while (fgets (line, sizeof (line), stream) != NULL)
    {
      char label[LEDGER_LABEL_MAX + 1];
      uint64_t number;
      char end;

      if (sscanf (line, "%31s %" SCNu64 "%c", label, &number, &end) != 3 || end != '\n')
        return vtpm_error_set_plain (error, EPROTO, "%s: \"%.40s\" is no line of a ledger",
                                     ledger->path, line);
      if (remember (ledger, label, number, error) < 0)
        return -1;
    }
  return ferror (stream) ? vtpm_error_set (error, EIO, "cannot read %s", ledger->path) : 0;
}

int
ledger_open (const char *path, struct ledger **ledger, struct vtpm_error **error)
{
  _cleanup_ledger_ struct ledger *made = calloc (1, sizeof (*made));
  _cleanup_fclose_ FILE *stream = fopen (path, "re");

  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "%s", path);
  made->path = path;
  made->fd = -1;
  if (stream == NULL && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  if (stream != NULL && read_lines (made, stream, error) < 0)
    return -1;
  made->fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (made->fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", path);
  *ledger = vtpm_steal_pointer (&made);
  return 0;
}

void
ledger_free (struct ledger *ledger)
{
  if (ledger == NULL)
    return;
  vtpm_cleanup_close (&ledger->fd);
  free (ledger);
}

bool
ledger_find (const struct ledger *ledger, const char *label, uint64_t *number)
{
  const struct entry *entry = find (ledger, label);

  if (entry == NULL)
    return false;
  *number = entry->number;
  return true;
}

int
ledger_record (struct ledger *ledger, const char *label, uint64_t number, struct vtpm_error **error)
{
  char line[LINE_MAX];
  int length = snprintf (line, sizeof (line), "%s %" PRIu64 "\n", label, number);
  ssize_t written = write (ledger->fd, line, (size_t) length);

  if (written != length)
    return vtpm_error_set (error, written < 0 ? errno : EIO, "cannot write to %s", ledger->path);
  return remember (ledger, label, number, error);
}
