// Days of the calendar: reads, checks, counts and writes dates.
#include "../../inputs.h"

static int is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int month, int year) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  if (month == 4 || month == 6 || month == 9 || month == 11) return 30;
  return 31;
}

static int read_number(const char **at, int digits, int *out) {
  int value = 0;
  for (int i = 0; i < digits; i++) {
    const char c = **at;
    if (c < '0' || c > '9') return 0;
    value = 10 * value + c - '0';
    ++*at;
  }
  *out = value;
  return 1;
}

static int read_date(const char *text, int *year, int *month, int *day) {
  if (!read_number(&text, 4, year) || *text++ != '-') return 0;
  if (!read_number(&text, 2, month) || *text++ != '-') return 0;
  if (!read_number(&text, 2, day) || *text) return 0;
  if (*month < 1 || *month > 12) return 0;
  return *day >= 1 && *day <= days_in(*month, *year);
}

static long day_number(int year, int month, int day) {
  long days = day;
  for (int m = 1; m < month; m++) days += days_in(m, year);
  for (int y = 1970; y < year; y++) days += is_leap(y) ? 366 : 365;
  return days;
}

static void from_number(long days, int *year, int *month, int *day) {
  *year = 1970;
  while (days > (is_leap(*year) ? 366 : 365))
    days -= is_leap((*year)++) ? 366 : 365;
  *month = 1;
  while (days > days_in(*month, *year)) days -= days_in((*month)++, *year);
  *day = days;
}

int main(void) {
  long total = 0, bad = 0;
  for (int i = 0; i < 3000; i++) {
    char text[32];
    int year, month, day, y, m, d;
    snprintf(text, sizeof text, "%04u-%02u-%02u%s", 1970 + in_below(130),
             in_below(13), in_below(31), in_below(20) ? "" : "Z");
    if (!read_date(text, &year, &month, &day)) {
      bad++;
      continue;
    }
    const long number = day_number(year, month, day);
    from_number(number + in_below(400), &y, &m, &d);
    if (m == 2 && d == 29) total += 1000000;
    total += number % 7 == 2 ? d : m;
  }
  printf("%ld %ld\n", total, bad);
  return 0;
}
