/**
 * Where on a map a country is: its code (ISO 3166-1), and the middle of its largest part, degrees east and north. From Natural Earth
 * 1:110,000,000 (public domain); the smallest ones by hand. Only points: whose land ends where is not ours to draw.
 */
const TABLE =
  'AD 2 43, AE 54 24, AF 66 34, AG -62 17, AL 20 41, AM 45 40, AO 17 -12, AR -65 -35, AT 14 48, AU 134 -26, ' +
  'AW -70 13, AX 20 60, AZ 48 40, BA 18 44, BB -60 13, BD 90 24, BE 5 51, BF -2 12, BG 25 43, BH 51 26, ' +
  'BI 30 -3, BJ 2 10, BM -65 32, BN 115 5, BO -65 -17, BR -53 -11, BS -78 25, BT 90 27, BW 24 -22, BY 28 53, ' +
  'BZ -89 17, CA -98 58, CD 24 -3, CF 20 7, CG 15 -1, CH 8 47, CI -6 8, CL -71 -36, CM 13 6, CN 103 37, ' +
  'CO -73 4, CR -84 10, CU -79 22, CV -24 15, CW -69 12, CY 33 35, CZ 15 50, DE 10 51, DJ 42 12, DK 9 56, ' +
  'DM -61 15, DO -70 19, DZ 3 28, EC -78 -1, EE 26 59, EG 30 26, EH -12 24, ER 39 15, ES -4 40, ET 40 9, ' +
  'FI 26 64, FJ 178 -18, FK -59 -52, FM 158 7, FO -7 62, FR 2 47, GA 12 -1, GB -3 54, GD -62 12, GE 43 42, ' +
  'GF -53 4, GG -3 49, GH -1 8, GI -5 36, GL -42 73, GM -15 13, GN -11 10, GP -62 16, GQ 10 2, GR 23 39, ' +
  'GT -90 16, GU 145 13, GW -15 12, GY -59 5, HK 114 22, HN -87 15, HR 17 45, HT -73 19, HU 19 47, ID 114 0, ' +
  'IE -8 53, IL 35 31, IM -5 54, IN 80 23, IQ 44 33, IR 54 32, IS -19 65, IT 12 43, JE -2 49, JM -77 18, ' +
  'JO 37 31, JP 137 36, KE 38 1, KG 75 42, KH 105 13, KM 43 -12, KN -63 17, KP 127 40, KR 128 36, KW 48 29, ' +
  'KY -81 19, KZ 67 48, LA 104 18, LB 36 34, LC -61 14, LI 10 47, LK 81 8, LR -9 6, LS 28 -30, LT 24 55, ' +
  'LU 6 50, LV 25 57, LY 18 27, MA -9 30, MC 7 44, MD 28 47, ME 19 43, MG 47 -19, MK 22 42, ML -4 17, ' +
  'MM 97 21, MN 103 47, MO 114 22, MQ -61 15, MR -10 20, MT 14 36, MU 58 -20, MV 73 3, MW 34 -13, MX -102 24, ' +
  'MY 115 4, MZ 36 -17, NA 17 -22, NC 166 -21, NE 9 17, NG 8 10, NI -85 13, NL 5 52, NO 12 64, NP 84 28, ' +
  'NZ 171 -44, OM 56 21, PA -80 9, PE -74 -9, PF -149 -18, PG 144 -7, PH 122 16, PK 69 30, PL 19 52, ' +
  'PR -66 18, PS 35 32, PT -8 40, PW 135 7, PY -58 -23, QA 51 25, RE 56 -21, RO 25 46, RS 21 44, RU 96 66, ' +
  'RW 30 -2, SA 45 24, SB 159 -8, SC 55 -5, SD 30 16, SE 16 62, SG 104 1, SI 15 46, SK 19 49, SL -12 9, ' +
  'SM 12 44, SN -15 14, SO 46 5, SR -56 4, SS 30 7, ST 7 0, SV -89 14, SY 39 35, SZ 31 -26, TD 19 15, ' +
  'TF 70 -49, TG 1 8, TH 101 15, TJ 71 39, TL 126 -9, TM 59 39, TN 10 34, TO -175 -21, TR 35 39, TT -61 10, ' +
  'TW 121 24, TZ 35 -6, UA 31 49, UG 32 1, US -99 40, UY -56 -33, UZ 63 42, VA 12 42, VC -61 13, VE -66 7, ' +
  'VG -65 18, VI -65 18, VN 106 17, VU 167 -15, WS -172 -14, XK 21 43, YE 48 16, YT 45 -13, ZA 25 -29, ' +
  'ZM 28 -13, ZW 30 -19';

/** Degrees east and north, by code. */
export const PLACES: ReadonlyMap<string, readonly [number, number]> = new Map(
  TABLE.split(', ').map((row) => {
    const [code, east, north] = row.split(' ');
    return [code, [Number(east), Number(north)]];
  }),
);
