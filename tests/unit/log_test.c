/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "expect_error.h"

struct lines
{
  int count;
  enum vtpm_log_level level;
  char last[2 * VTPM_LOG_LINE_MAX];
};

static void
keep_line (enum vtpm_log_level level, const char *line, void *context)
{
  struct lines *lines = context;

  lines->count++;
  lines->level = level;
  snprintf (lines->last, sizeof (lines->last), "%s", line);
  errno = EIO; /* as any sink might */
}

Test (log, drops_what_is_below_its_level)
{
  struct lines lines = { 0 };

  vtpm_log_to_sink (keep_line, &lines);
  for (int threshold = VTPM_LOG_ERROR; threshold <= VTPM_LOG_DEBUG; threshold++)
    {
      vtpm_log_set_level ((enum vtpm_log_level) threshold);
      for (int level = VTPM_LOG_ERROR; level <= VTPM_LOG_DEBUG; level++)
        {
          lines.count = 0;
          vtpm_log ((enum vtpm_log_level) level, "line");
          cr_expect_eq (lines.count, level <= threshold, "%d at %d", level, threshold);
          if (lines.count > 0)
            cr_expect_eq ((int) lines.level, level);
        }
    }
}

Test (log, defaults_to_info)
{
  struct lines lines = { 0 };

  vtpm_log_to_sink (keep_line, &lines);
  vtpm_log (VTPM_LOG_DEBUG, "no");
  vtpm_log (VTPM_LOG_INFO, "yes");
  cr_expect_eq (lines.count, 1);
  cr_expect_str_eq (lines.last, "yes");
}

Test (log, cuts_long_lines)
{
  struct lines lines = { 0 };
  char text[2 * VTPM_LOG_LINE_MAX];

  memset (text, 'x', sizeof (text) - 1);
  text[sizeof (text) - 1] = '\0';
  vtpm_log_to_sink (keep_line, &lines);
  vtpm_log (VTPM_LOG_ERROR, "%s", text);
  cr_expect_eq (strlen (lines.last), VTPM_LOG_LINE_MAX - 1);
  text[VTPM_LOG_LINE_MAX - 1] = '\0';
  vtpm_log (VTPM_LOG_ERROR, "%s", text);
  cr_expect_eq (strlen (lines.last), VTPM_LOG_LINE_MAX - 1);
}

Test (log, keeps_errno)
{
  struct lines lines = { 0 };

  vtpm_log_to_sink (keep_line, &lines);
  errno = ENOTTY;
  vtpm_log (VTPM_LOG_ERROR, "line");
  cr_expect_eq (errno, ENOTTY);
}

Test (log, gives_a_sink_no_subject)
{
  struct lines lines = { 0 };

  vtpm_log_set_subject ("container");
  vtpm_log_to_sink (keep_line, &lines);
  vtpm_log (VTPM_LOG_ERROR, "line");
  cr_expect_str_eq (lines.last, "line");
}

/* Logs on stderr and reads it back.  */
static const char *
logged (enum vtpm_log_level level, const char *subject, const char *line)
{
  static char text[2 * VTPM_LOG_LINE_MAX];
  size_t got;
  FILE *redirected;

  cr_redirect_stderr ();
  vtpm_log_set_subject (subject);
  vtpm_log_to_stderr ();
  vtpm_log (level, "%s", line);
  fflush (stderr);
  fclose (stderr);
  redirected = cr_get_redirected_stderr ();
  got = fread (text, 1, sizeof (text) - 1, redirected);
  text[got] = '\0';
  return text;
}

/* What stands after the program's name and ": ".  */
static const char *
after_program (const char *text)
{
  size_t length = strlen (program_invocation_short_name);

  cr_assert_eq (strncmp (text, program_invocation_short_name, length), 0, "%s", text);
  cr_assert_eq (strncmp (text + length, ": ", 2), 0, "%s", text);
  return text + length + 2;
}

Test (log, writes_no_subject_where_there_is_none)
{
  cr_expect_str_eq (after_program (logged (VTPM_LOG_ERROR, NULL, "line")), "line\n");
}

Test (log, writes_the_subject)
{
  cr_expect_str_eq (after_program (logged (VTPM_LOG_INFO, "container", "line")),
                    "container: line\n");
}

Test (log, marks_a_warning)
{
  cr_expect_str_eq (after_program (logged (VTPM_LOG_WARNING, "container", "line")),
                    "container: warning: line\n");
}

Test (log, cuts_a_long_subject)
{
  char subject[400], expected[400];

  memset (subject, 's', sizeof (subject) - 1);
  subject[sizeof (subject) - 1] = '\0';
  snprintf (expected, sizeof (expected), "%.255s: line\n", subject);
  cr_expect_str_eq (after_program (logged (VTPM_LOG_ERROR, subject, "line")), expected);
}

Test (log, knows_its_levels_by_name)
{
  for (int i = VTPM_LOG_ERROR; i <= VTPM_LOG_DEBUG; i++)
    {
      enum vtpm_log_level level = VTPM_LOG_ERROR;

      cr_expect_eq (
          vtpm_log_level_from_name (vtpm_log_level_name ((enum vtpm_log_level) i), &level, NULL),
          0);
      cr_expect_eq ((int) level, i);
    }
}

Test (log, refuses_other_names)
{
  static const char *const names[] = { "", "Error", "warn", "info ", "debug2", "0" };
  enum vtpm_log_level level = VTPM_LOG_DEBUG;

  for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++)
    {
      cr_expect_eq (vtpm_log_level_from_name (names[i], &level, NULL), -1, "%s", names[i]);
      cr_expect_eq (level, VTPM_LOG_DEBUG);
    }
  expect_error (vtpm_log_level_from_name ("a\nb", &level, &error), EINVAL,
                "\"a?b\" is not error, warning, info or debug");
}
