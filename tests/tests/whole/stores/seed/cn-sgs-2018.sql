-- Two double-publicity tables of 2018 as an office has them, made up, with the traps that were seen in real ones.
-- {clean} … {spoilt} stand for the numbers of persons; X is upper case here and lower case in one row.
CREATE TABLE xzcf(
  CF_XDR_MC, CF_XDR_LB, CF_XDR_SHXYM, CF_FRDB, CF_FR_ZJHM, CF_XDR_ZJLX, CF_XDR_ZJHM, CF_XDR_ZJHM_ENC, CF_WSH, CF_NR,
  CF_NR_FK, CF_JDRQ, CF_YXQ, CF_GSJZQ, CF_CFJG, CF_XKJG, CF_SYFW, BZ);
CREATE INDEX xzcf_number ON xzcf(CF_XDR_ZJHM);
CREATE TABLE xzxk(
  XK_XDR_MC, XK_XDR_LB, XK_FRDB, XK_FR_ZJHM, XK_XDR_ZJLX, XK_XDR_ZJHM, XK_WSH, XK_NR, XK_JDRQ, XK_YXQZ, XK_YXQZI, XK_ZT,
  XK_SYFW, BZ);
CREATE INDEX xzxk_number ON xzxk(XK_XDR_ZJHM);
INSERT INTO xzcf(CF_XDR_MC, CF_XDR_LB, CF_XDR_ZJLX, CF_XDR_ZJHM, CF_XDR_ZJHM_ENC, CF_JDRQ, CF_YXQ, CF_GSJZQ, CF_SYFW, CF_FR_ZJHM, BZ) VALUES
  -- A penalty, with an end of publication that moves.
  ('甲', '01', '01', '{penalised}', 'b64:Zm9v', '{recent}', NULL, '2099/12/31', '0', NULL, '990101199003070031'),
  -- A sole trader has a credit code and is a person; the number was typed with a small x.
  ('乙商店', '04', '01', lower('{trader}'), NULL, '{recent}', '长期', NULL, '0', NULL, NULL),
  -- An organisation, with a representative: never about that person.
  ('丙公司', '02', NULL, NULL, NULL, '{recent}', NULL, NULL, '0', '{clean}', NULL),
  -- And one in whose row the representative's number stands in the wrong column.
  ('丁公司', '03', '01', '{clean}', NULL, '{recent}', NULL, NULL, '0', '{clean}', NULL),
  -- Another document of the same characters.
  ('戊', '01', '02', '{clean}', NULL, '{recent}', NULL, NULL, '0', NULL, NULL),
  -- Only with an authorisation.
  ('己', '01', '01', '{clean}', NULL, '{recent}', NULL, NULL, '2', NULL, NULL),
  -- No date: displayed nowhere.
  ('庚', '01', '01', '{clean}', NULL, '1899/12/31', NULL, NULL, '0', NULL, NULL),
  ('庚', '01', '01', '{clean}', NULL, '\N', NULL, NULL, '0', NULL, NULL),
  -- Beyond its display period, whatever the end of publication says.
  ('辛', '01', '01', '{clean}', NULL, '2015/01/05', NULL, '2099/12/31', '0', NULL, NULL),
  -- Keys that are nobody's.
  ('壬', '01', '01', '00000000000000000X', NULL, '{recent}', NULL, NULL, '0', NULL, NULL),
  ('癸', '01', '01', '330921************', NULL, '{recent}', NULL, NULL, '0', NULL, NULL),
  ('癸', '01', '01', 990101199003070031, NULL, '{recent}', NULL, NULL, '0', NULL, NULL),
  -- A number with a blank: no look-up finds it, so its person is not answered about.
  ('子', '01', '01', ' {blank}', NULL, '{recent}', NULL, NULL, '0', NULL, NULL),
  -- Another form of a date.
  ('丑', '01', '01', '{spoilt}', NULL, '20260301', NULL, NULL, '0', NULL, NULL),
  -- A wrong year: before that day the record would not count.
  ('寅', '01', '01', '{blank}', NULL, '2062/03/01', NULL, NULL, '0', NULL, NULL);
