/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_index.h"

#include <fcntl.h>
#include <openssl/asn1.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "whole_file.h"

#define NEW_INDEX VTPM_CA_INDEX ".new"

/* Some hundred thousand certificates.  */
#define SIZE_MAX_BYTES ((size_t) 256 << 20)

#define LINE_MAX_SIZE 768

#define NO_UUID "unknown"

int
vtpm_ca_index_create (int dir_fd, const char *what, struct vtpm_error **error)
{
  const struct vtpm_secret_bytes empty = { 0 };

  return vtpm_whole_file_create (dir_fd, VTPM_CA_INDEX, 0600, NULL, &empty, what, error);
}

static size_t
format (const struct vtpm_ca_entry *entry, char line[LINE_MAX_SIZE])
{
  return (size_t) snprintf (line, LINE_MAX_SIZE, "%s\t%s\t%s\t%s\t%s\t%s\n", entry->revoked ? "R" : "V",
                            entry->end, entry->revoked_at, entry->serial,
                            entry->uuid[0] != '\0' ? entry->uuid : NO_UUID, entry->subject);
}

/* Two digits of the year while X.509 has UTCTime for it (RFC 5280, 4.1.2.5).  */
static void
format_time (const struct tm *when, char text[VTPM_CA_TIME_SIZE])
{
  size_t size = strftime (text, VTPM_CA_TIME_SIZE, "%Y%m%d%H%M%SZ", when);

  text[size] = '\0';
  if (when->tm_year < 150)
    memmove (text, text + 2, size - 1);
}

static void
format_serial (X509 *certificate, char text[VTPM_SERIAL_TEXT_SIZE])
{
  const ASN1_INTEGER *serial = X509_get0_serialNumber (certificate);
  const unsigned char *bytes = ASN1_STRING_get0_data (serial);
  int length = ASN1_STRING_length (serial);

  text[0] = '\0';
  for (int i = 0; i < length && i < VTPM_SERIAL_SIZE; i++)
    snprintf (text + 2 * i, 3, "%02X", bytes[i]);
}

static int
describe (X509 *certificate, const char *uuid, struct vtpm_ca_entry *entry,
          struct vtpm_error **error)
{
  struct tm end;

  *entry = (struct vtpm_ca_entry) { 0 };
  if (ASN1_TIME_to_tm (X509_get0_notAfter (certificate), &end) != 1)
    return vtpm_error_set_plain (error, EINVAL, "a certificate without an end");
  format_time (&end, entry->end);
  format_serial (certificate, entry->serial);
  snprintf (entry->uuid, sizeof (entry->uuid), "%s", uuid != NULL ? uuid : "");
  X509_NAME_oneline (X509_get_subject_name (certificate), entry->subject, sizeof (entry->subject));
  if (entry->subject[0] == '\0')
    strcpy (entry->subject, "/");
  return 0;
}

static int
open_index (int dir_fd, const char *what, int flags, struct vtpm_error **error)
{
  int fd = openat (dir_fd, VTPM_CA_INDEX, flags | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0 && errno == ENOENT)
    vtpm_error_set_plain (error, ENOENT,
                          "%s is missing: what this authority has issued is not known; restore it",
                          what);
  else if (fd < 0)
    vtpm_error_set (error, errno, "cannot open %s", what);
  return fd;
}

/* Where the last whole line ends.  */
static int
find_end (int fd, const char *what, off_t *end, struct vtpm_error **error)
{
  char tail[LINE_MAX_SIZE];
  struct stat status;
  size_t size;
  char *last;

  if (fstat (fd, &status) < 0)
    return vtpm_error_set (error, errno, "cannot read %s", what);
  size = (size_t) (status.st_size < (off_t) sizeof (tail) ? status.st_size : (off_t) sizeof (tail));
  if (pread (fd, tail, size, status.st_size - (off_t) size) != (ssize_t) size)
    return vtpm_error_set (error, EIO, "cannot read %s", what);
  last = memrchr (tail, '\n', size);
  if (last == NULL && (off_t) size < status.st_size)
    return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: its last line has no end", what);
  *end = last == NULL ? 0 : status.st_size - (off_t) size + (last + 1 - tail);
  return 0;
}

static int
write_line (int fd, off_t end, const char *line, size_t size)
{
  ssize_t written;

  if (ftruncate (fd, end) < 0)
    return -1;
  written = pwrite (fd, line, size, end);
  if (written == (ssize_t) size && fsync (fd) == 0)
    return 0;
  if (written >= 0 && written < (ssize_t) size)
    errno = ENOSPC;
  return -1;
}

int
vtpm_ca_index_append (int dir_fd, const char *what, X509 *certificate, const char *uuid,
                      struct vtpm_error **error)
{
  struct vtpm_ca_entry entry;
  char line[LINE_MAX_SIZE];
  off_t end = 0;
  _cleanup_close_ int fd = open_index (dir_fd, what, O_RDWR, error);

  if (fd < 0 || find_end (fd, what, &end, error) < 0
      || describe (certificate, uuid, &entry, error) < 0)
    return -1;
  if (write_line (fd, end, line, format (&entry, line)) == 0)
    return 0;
  vtpm_error_set (error, errno, "cannot write %s", what);
  if (ftruncate (fd, end) < 0)
    vtpm_error_wrap (error, "a part of a line is left");
  return -1;
}

/* Takes the field that begins at *NEXT, which has an end other than that of the text.  */
static bool
take_field (char **next, char separator, char *field, size_t size)
{
  char *end = strchr (*next, separator);
  size_t length = end == NULL ? size : (size_t) (end - *next);

  if (length >= size)
    return false;
  memcpy (field, *next, length);
  field[length] = '\0';
  *next = end + 1;
  return true;
}

static bool
is_time (const char *text)
{
  size_t digits = strspn (text, "0123456789");

  return (digits == 12 || digits == 14) && strcmp (text + digits, "Z") == 0;
}

/* LINE has its end.  */
static bool
parse (char *line, struct vtpm_ca_entry *entry)
{
  char kind[4];

  *entry = (struct vtpm_ca_entry) { 0 };
  if (!take_field (&line, '\t', kind, sizeof (kind))
      || !take_field (&line, '\t', entry->end, sizeof (entry->end))
      || !take_field (&line, '\t', entry->revoked_at, sizeof (entry->revoked_at))
      || !take_field (&line, '\t', entry->serial, sizeof (entry->serial))
      || !take_field (&line, '\t', entry->uuid, sizeof (entry->uuid))
      || !take_field (&line, '\n', entry->subject, sizeof (entry->subject)))
    return false;
  entry->revoked = strcmp (kind, "R") == 0;
  if (strcmp (entry->uuid, NO_UUID) == 0)
    entry->uuid[0] = '\0';
  return (entry->revoked ? is_time (entry->revoked_at)
                         : strcmp (kind, "V") == 0 && entry->revoked_at[0] == '\0')
         && is_time (entry->end) && entry->serial[0] != '\0'
         && entry->serial[strspn (entry->serial, "0123456789ABCDEF")] == '\0';
}

void
vtpm_ca_index_clear (struct vtpm_ca_index *index)
{
  free (index->entries);
  *index = (struct vtpm_ca_index) { 0 };
}

/* TEXT has COUNT lines.  */
static int
parse_all (char *text, size_t count, const char *what, struct vtpm_ca_index *index,
           struct vtpm_error **error)
{
  index->entries = calloc (count + 1, sizeof (*index->entries));
  if (index->entries == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot read %s", what);
  for (index->count = 0; index->count < count; index->count++)
    {
      char *end = strchr (text, '\n');
      bool good;
      char after = end[1];

      end[1] = '\0';
      good = parse (text, &index->entries[index->count]);
      end[1] = after;
      if (!good)
        return vtpm_error_set_plain (error, EBADMSG, "%s: line %zu is damaged", what,
                                     index->count + 1);
      text = end + 1;
    }
  return 0;
}

int
vtpm_ca_index_read (int dir_fd, const char *what, struct vtpm_ca_index *index,
                    struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };
  _cleanup_ca_index_ struct vtpm_ca_index found = { 0 };
  _cleanup_free_ char *text = NULL;
  size_t count = 0;
  _cleanup_close_ int fd = open_index (dir_fd, what, O_RDONLY, error);

  if (fd < 0 || vtpm_whole_file_read (fd, SIZE_MAX_BYTES, what, &bytes, error) < 0)
    return -1;
  text = calloc (1, bytes.size + 2);
  if (text == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot read %s", what);
  if (bytes.size > 0)
    memcpy (text, bytes.data, bytes.size);
  if (strlen (text) != bytes.size)
    return vtpm_error_set_plain (error, EBADMSG, "%s is damaged: it has a NUL byte", what);
  for (size_t i = 0; i < bytes.size; i++)
    count += text[i] == '\n';
  if (parse_all (text, count, what, &found, error) < 0)
    return -1;
  *index = found;
  found = (struct vtpm_ca_index) { 0 };
  return 0;
}

static size_t
mark (struct vtpm_ca_index *index, const char *name, const char *now, size_t *known)
{
  size_t marked = 0;

  *known = 0;
  for (size_t i = 0; i < index->count; i++)
    {
      struct vtpm_ca_entry *entry = &index->entries[i];

      if (strcasecmp (entry->serial, name) != 0 && strcmp (entry->uuid, name) != 0)
        continue;
      (*known)++;
      if (entry->revoked)
        continue;
      entry->revoked = true;
      strcpy (entry->revoked_at, now);
      marked++;
    }
  return marked;
}

static int
replace (int dir_fd, const char *what, const struct vtpm_ca_index *index, struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };

  bytes.data = malloc (index->count * LINE_MAX_SIZE + 1);
  if (bytes.data == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot write %s", what);
  for (size_t i = 0; i < index->count; i++)
    bytes.size += format (&index->entries[i], (char *) bytes.data + bytes.size);
  if (unlinkat (dir_fd, NEW_INDEX, 0) < 0 && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot remove %s.new", what);
  if (vtpm_whole_file_create (dir_fd, NEW_INDEX, 0600, NULL, &bytes, what, error) < 0)
    return -1;
  if (renameat (dir_fd, NEW_INDEX, dir_fd, VTPM_CA_INDEX) < 0 || fsync (dir_fd) < 0)
    return vtpm_error_set (error, errno, "cannot replace %s", what);
  return 0;
}

int
vtpm_ca_index_revoke (int dir_fd, const char *what, const char *name, time_t now, size_t *count,
                      struct vtpm_error **error)
{
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };
  char text[VTPM_CA_TIME_SIZE];
  struct tm utc;
  size_t known = 0;

  if (vtpm_ca_index_read (dir_fd, what, &index, error) < 0)
    return -1;
  gmtime_r (&now, &utc);
  format_time (&utc, text);
  *count = name[0] == '\0' ? 0 : mark (&index, name, text, &known);
  if (name[0] == '\0' || known == 0)
    return vtpm_error_set_plain (error, ENOENT, "%s has no certificate with the serial number or uuid \"%s\"",
                                 what, name);
  return *count == 0 ? 0 : replace (dir_fd, what, &index, error);
}
