/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "error.h"

#include <stdarg.h>
#include <string.h>

struct vtpm_error
{
  int errnum;
  char *message;
};

/* Stands in when there is no memory for a real one; never freed.  */
static struct vtpm_error out_of_memory = { ENOMEM, NULL };

static char *format_message (const char *format, va_list arguments)
    __attribute__ ((format (printf, 1, 0)));

static char *
format_message (const char *format, va_list arguments)
{
  char *text;

  return vasprintf (&text, format, arguments) < 0 ? NULL : text;
}

/* Takes TEXT, which may be NULL when there was no memory for it.  */
static int
make (struct vtpm_error **error, int errnum, char *text)
{
  struct vtpm_error *made = calloc (1, sizeof (*made));

  if (text == NULL || made == NULL)
    {
      free (text);
      free (made);
      *error = &out_of_memory;
      return -1;
    }
  made->errnum = errnum;
  made->message = text;
  *error = made;
  return -1;
}

int
vtpm_error_set (struct vtpm_error **error, int errnum, const char *format, ...)
{
  _cleanup_free_ char *text = NULL;
  va_list arguments;
  char *full;

  if (error == NULL)
    return -1;
  va_start (arguments, format);
  text = format_message (format, arguments);
  va_end (arguments);
  if (errnum == 0 || text == NULL)
    return make (error, errnum, vtpm_steal_pointer (&text));
  if (asprintf (&full, "%s: %s", text, strerror (errnum)) < 0)
    full = NULL;
  return make (error, errnum, full);
}

int
vtpm_error_set_plain (struct vtpm_error **error, int errnum, const char *format, ...)
{
  va_list arguments;
  char *text;

  if (error == NULL)
    return -1;
  va_start (arguments, format);
  text = format_message (format, arguments);
  va_end (arguments);
  return make (error, errnum, text);
}

int
vtpm_error_wrap (struct vtpm_error **error, const char *format, ...)
{
  _cleanup_free_ char *context = NULL;
  va_list arguments;
  char *joined;

  if (error == NULL || *error == NULL || *error == &out_of_memory)
    return -1;

  va_start (arguments, format);
  context = format_message (format, arguments);
  va_end (arguments);
  if (context != NULL && asprintf (&joined, "%s: %s", context, (*error)->message) >= 0)
    {
      free ((*error)->message);
      (*error)->message = joined;
    }
  return -1;
}

int
vtpm_error_pass (struct vtpm_error **error, struct vtpm_error **from)
{
  if (error != NULL)
    *error = *from;
  else
    vtpm_error_free (*from);
  *from = NULL;
  return -1;
}

int
vtpm_error_errnum (const struct vtpm_error *error)
{
  return error->errnum;
}

const char *
vtpm_error_message (const struct vtpm_error *error)
{
  return error->message != NULL ? error->message : "out of memory";
}

void
vtpm_error_free (struct vtpm_error *error)
{
  if (error == NULL || error == &out_of_memory)
    return;
  free (error->message);
  free (error);
}
